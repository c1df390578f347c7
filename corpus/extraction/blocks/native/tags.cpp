#include "tags.h"

#include <array>

namespace blocks {
namespace {

const std::string_view NAMES[TAGS] = {
    "",
#define X(name, text, traits) text,
    HTML_ELEMENTS(X)
#undef X
};

const uint8_t TRAITS[TAGS] = {
    INLINE,
#define X(name, text, traits) (traits),
    HTML_ELEMENTS(X)
#undef X
};

// Names with the same first letter stand together, so that a look-up compares about six of them.
struct Index {
    std::array<std::array<Tag, 20>, 26> by_letter{};

    Index() {
        std::array<int, 26> used{};
        for (int tag = 1; tag < TAGS; tag++) {
            int letter = NAMES[tag][0] - 'a';
            by_letter[letter][used[letter]++] = static_cast<Tag>(tag);
        }
    }
};

}  // namespace

Tag tag_of(std::string_view name) {
    static const Index index;
    if (name.empty() || name[0] < 'a' || name[0] > 'z') return T_OTHER;
    for (Tag tag : index.by_letter[name[0] - 'a']) {
        if (tag == T_OTHER || NAMES[tag] == name) return tag;
    }
    return T_OTHER;
}

std::string_view name_of(Tag tag) { return NAMES[tag]; }

bool has(Tag tag, Trait trait) { return TRAITS[tag] & trait; }

}  // namespace blocks
