#include "characters.h"

#include <cstddef>
#include <unordered_map>

namespace blocks {
namespace {

std::string reference_bytes;
std::unordered_map<std::string_view, std::string_view> references;

constexpr size_t LONGEST_NAME = 32;    // "CounterClockwiseContourIntegral;"
constexpr size_t LONGEST_BARE_NAME = 6;  // "frac12", of the names that need no semicolon

// Numbers 0x80 to 0x9f mean characters of windows-1252 (HTML standard, 13.2.5.80).
const uint32_t WINDOWS_1252[32] = {
    0x20ac, 0x81,   0x201a, 0x192,  0x201e, 0x2026, 0x2020, 0x2021, 0x2c6, 0x2030, 0x160, 0x2039, 0x152, 0x8d, 0x17d, 0x8f,
    0x90,   0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x2dc, 0x2122, 0x161, 0x203a, 0x153, 0x9d, 0x17e, 0x178};

size_t decode_number(const char* at, const char* end, std::string& out) {
    const char* p = at + 2;
    int base = 10;
    if (p < end && (*p == 'x' || *p == 'X')) base = 16, p++;
    const char* first = p;
    uint32_t code = 0;
    for (int value; p < end && (value = value_of_digit(*p, base)) >= 0; p++) {
        code = code > 0x110000 ? code : code * base + value;
    }
    if (p == first) return 0;
    if (p < end && *p == ';') p++;
    append_code_point(out, code >= 0x80 && code < 0xa0 ? WINDOWS_1252[code - 0x80] : code);
    return p - at;
}

}  // namespace

std::string lowered(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = lower(c);
    return out;
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

int value_of_digit(char c, int base) {
    if (is_digit(c)) return c - '0';
    char l = lower(c);
    return base == 16 && l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

uint64_t hash_of(std::string_view text) {
    uint64_t hash = HASH_SEED;
    for (unsigned char c : text) hash = hash_byte(hash, c);
    return hash;
}

void append_code_point(std::string& out, uint32_t code) {
    if (code == 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) code = 0xfffd;
    if (code < 0x80) {
        out += static_cast<char>(code);
        return;
    }
    int tail = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    const unsigned char lead[] = {0, 0xc0, 0xe0, 0xf0};
    out += static_cast<char>(lead[tail] | code >> 6 * tail);
    while (tail--) out += static_cast<char>(0x80 | (code >> 6 * tail & 63));
}

uint32_t next_code_point(const char*& at, const char* end) {
    unsigned char c = *at++;
    int tail = c < 0xc0 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
    if (tail == 0 || end - at < tail) return c;
    uint32_t code = c & (63 >> tail);
    for (; tail; tail--) code = code << 6 | (static_cast<unsigned char>(*at++) & 63);
    return code;
}

bool is_unspaced(uint32_t code) {
    if (code < 0xe00) return false;
    return code <= 0xeff || (code >= 0x1000 && code <= 0x109f) || (code >= 0x1780 && code <= 0x17ff) ||
           (code >= 0x3040 && code <= 0x30ff) || (code >= 0x3400 && code <= 0x4dbf) ||
           (code >= 0x4e00 && code <= 0x9fff) || (code >= 0xf900 && code <= 0xfaff);
}

void set_references(std::string_view table) {
    if (!references.empty()) return;
    reference_bytes = table;
    std::string_view rest = reference_bytes;
    while (!rest.empty()) {
        // The text itself may be a line feed ("NewLine;"), so the end of a line is looked for after it.
        size_t tab = rest.find('\t'), end = rest.find('\n', tab + 2);
        references[rest.substr(0, tab)] = rest.substr(tab + 1, end - tab - 1);
        rest.remove_prefix(end + 1);
    }
}

size_t decode_reference(const char* at, const char* end, std::string& out) {
    if (end - at < 2) return 0;
    if (at[1] == '#') return decode_number(at, end, out);
    const char* p = at + 1;
    while (p < end && p - at <= static_cast<std::ptrdiff_t>(LONGEST_NAME) && (is_letter(*p) || is_digit(*p))) p++;
    size_t length = p - at - 1;
    if (p < end && *p == ';') {
        auto found = references.find(std::string_view(at + 1, length + 1));
        if (found != references.end()) {
            out += found->second;
            return length + 2;
        }
    }
    for (size_t bare = length < LONGEST_BARE_NAME ? length : LONGEST_BARE_NAME; bare > 1; bare--) {
        auto found = references.find(std::string_view(at + 1, bare));
        if (found != references.end()) {
            out += found->second;
            return bare + 1;
        }
    }
    return 0;
}

std::string plain(std::string_view raw) {
    std::string decoded, out;
    for (const char *p = raw.data(), *end = p + raw.size(); p < end;) {
        size_t taken = *p == '&' ? decode_reference(p, end, decoded) : 0;
        if (!taken) decoded += *p, taken = 1;
        p += taken;
    }
    bool gap = false;
    for (size_t i = 0; i < decoded.size(); i++) {
        bool no_break = decoded[i] == '\xc2' && i + 1 < decoded.size() && decoded[i + 1] == '\xa0';
        if (no_break || is_space(decoded[i]) || decoded[i] == '\0') {
            gap = !out.empty();
            i += no_break;
            continue;
        }
        if (gap) out += ' ';
        gap = false;
        out += decoded[i];
    }
    return out;
}

}  // namespace blocks
