// Bytes, code points and character references.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace blocks {

inline bool is_space(unsigned char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f'; }
inline bool is_upper(unsigned char c) { return c >= 'A' && c <= 'Z'; }
inline bool is_lower(unsigned char c) { return c >= 'a' && c <= 'z'; }
inline bool is_letter(unsigned char c) { return is_upper(c) || is_lower(c); }
inline bool is_digit(unsigned char c) { return c >= '0' && c <= '9'; }
inline char lower(char c) { return is_upper(static_cast<unsigned char>(c)) ? static_cast<char>(c + 32) : c; }

std::string lowered(std::string_view text);
std::string_view trimmed(std::string_view text);
bool contains(std::string_view text, std::string_view part);

// FNV-1a, 64 bits: the same on every machine.
constexpr uint64_t HASH_SEED = 1469598103934665603ULL;
inline uint64_t hash_byte(uint64_t hash, unsigned char c) { return (hash ^ c) * 1099511628211ULL; }
uint64_t hash_of(std::string_view text);

// Of a digit in base 10 or 16; -1 for any other character.
int value_of_digit(char c, int base);

void append_code_point(std::string& out, uint32_t code);

// The code point that starts at `at`, which is moved past it. Bytes that are no UTF-8 count as one each.
uint32_t next_code_point(const char*& at, const char* end);

// Characters of scripts without spaces between words: each counts as a word.
bool is_unspaced(uint32_t code);

// The names of HTML's character references: lines of a name ("amp;", "amp"), a tab, the text. Call it once, at first.
void set_references(std::string_view table);

// Decode the reference at `at` (an "&") into `out`; how many bytes it took, 0 if it is none.
size_t decode_reference(const char* at, const char* end, std::string& out);

// A text with its references decoded and its white space collapsed: a title, an attribute.
std::string plain(std::string_view raw);

}  // namespace blocks
