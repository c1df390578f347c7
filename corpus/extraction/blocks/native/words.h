// Words: in classes and ids, where they say what an element is for, and in texts.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "characters.h"
#include "page.h"

namespace blocks {

// The groups, as bits, of the words in a class, an id or a role: "postBody entry-title" has "post", "body", ...
uint32_t groups_of(std::string_view attribute);

// Append the hashes of the words in a class or an id, each once: its parts as above, and the name as a whole without digits.
void append_words_of(std::string_view attribute, std::vector<uint32_t>& out);

// One of the most frequent words of nine European languages, in lower case.
bool is_stop_word(std::string_view word);

// Call `visit(word in lower case, begins with a capital)` for each run of letters and digits. Bytes beyond ASCII count as
// letters; words are cut at 31 bytes.
template <class Visit>
void for_each_word(std::string_view text, Visit visit) {
    char word[31];
    size_t length = 0;
    bool upper = false;
    for (size_t i = 0; i <= text.size(); i++) {
        unsigned char c = i < text.size() ? text[i] : ' ';
        if (is_letter(c) || is_digit(c) || c >= 0x80) {
            if (!length) upper = is_upper(c);
            if (length < sizeof word) word[length] = lower(c);
            length++;
        } else if (length) {
            visit(std::string_view(word, length < sizeof word ? length : sizeof word), upper);
            length = 0;
        }
    }
}

}  // namespace blocks
