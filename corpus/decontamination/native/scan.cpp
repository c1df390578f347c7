// The scan of documents for grams. What a word is stands in corpus/decontamination/words.py; here words are only hashed.
//
// A word is the hash of its lower-cased characters w, and with H[i] = H[i-1] * B + w[i] the n words after the i-th have
// H[i+n] - H[i] * B^n, which one mix makes a key: two multiplications a gram, for any number of lengths. All arithmetic
// is modulo 2^64. No gram is shorter than LEAST words: their key is looked for in a bitmap that fits into a cache, which
// has the first LEAST words of every gram, and only where its bit is set are the keys of all lengths looked for among the
// sorted ones. Equal keys are candidates; Python compares the words themselves.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <vector>

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace {

constexpr uint64_t BASE = 0x9E3779B97F4A7C15ull;
constexpr uint64_t CHARACTER_BASE = 0xD6E8FEB86659FD93ull;
constexpr int LEAST = 8;
constexpr uint32_t DROPPED = 0, SPACE = 1;
constexpr uint32_t SUSPECT = 1u << 31;  // a text with such a character may not be in NFC

uint64_t mix(uint64_t x) {
    x ^= x >> 32;
    x *= 0xD6E8FEB86659FD93ull;
    x ^= x >> 32;
    x *= 0xD6E8FEB86659FD93ull;
    return x ^ (x >> 32);
}

struct Characters {
    const uint32_t* table;
    uint32_t size;

    uint32_t operator[](uint32_t code) const { return code < size ? table[code] : DROPPED; }
};

struct Word {
    uint64_t prefix;  // H after this word
    int32_t start, end;  // characters of the document
};

// What becomes of the next character, past which `p` is moved. The bytes are UTF-8, and trusted to be.
inline uint32_t next(const uint8_t*& p, const uint8_t* end, const Characters& characters) {
    uint32_t code = *p++;
    if (code >= 0x80) {
        int more = code < 0xE0 ? 1 : code < 0xF0 ? 2 : 3;
        code &= 0x3Fu >> more;
        for (; more && p < end; more--) code = code << 6 | (*p++ & 0x3F);
    }
    return characters[code];
}

// Appends the words of a document; whether it has a suspect character.
bool read_words(const uint8_t* p, const uint8_t* end, const Characters& characters, std::vector<Word>& words) {
    uint64_t prefix = 0;
    uint32_t seen = 0;
    int32_t position = 0;
    while (p < end) {
        uint64_t hash = 0;
        uint32_t letters = 0, folded = SPACE;
        int32_t start = position;
        for (; p < end; position++) {
            folded = next(p, end, characters);
            if (folded == SPACE) break;
            seen |= folded;
            folded &= ~SUSPECT;
            letters |= folded;
            hash = folded ? hash * CHARACTER_BASE + folded : hash;
        }
        if (letters) {
            prefix = prefix * BASE + mix(hash);
            words.push_back({prefix, start, position});
        }
        if (folded == SPACE) position++;
    }
    return seen & SUSPECT;
}

struct Index {
    std::vector<const uint64_t*> keys;  // of each partition, ascending; a partition is the highest bits of a key
    std::vector<std::vector<uint32_t>> starts;  // of each partition: where the keys of a bucket begin
    std::vector<int64_t> rows;  // the number of the first key of each partition among all
    int partition_bits = 0;
    std::vector<int> bucket_bits;
    std::vector<uint64_t> bitmap;
    uint64_t bitmap_mask = 0;

    uint32_t partition(uint64_t key) const { return partition_bits ? key >> (64 - partition_bits) : 0; }

    uint32_t bucket(uint64_t key, uint32_t part) const {
        return static_cast<uint32_t>((key << partition_bits) >> (64 - bucket_bits[part]));
    }

    bool may_begin(uint64_t prefix) const {
        uint64_t bit = prefix & bitmap_mask;
        return bitmap[bit >> 6] >> (bit & 63) & 1;
    }

    int64_t find(uint64_t key) const {
        uint32_t part = partition(key), place = bucket(key, part);
        for (uint32_t i = starts[part][place]; i < starts[part][place + 1]; i++) {
            if (keys[part][i] == key) return rows[part] + i;
        }
        return -1;
    }
};

struct Hit {
    int64_t document, gram;
    int32_t start, end;
};

using Hits = std::vector<Hit>;

uint64_t power(uint64_t base, int exponent) {
    uint64_t result = 1;
    for (int i = 0; i < exponent; i++) result *= base;
    return result;
}

uint64_t gram_key(const std::vector<Word>& words, size_t first, int length, uint64_t base_power) {
    uint64_t before = first ? words[first - 1].prefix : 0;
    return mix(words[first + length - 1].prefix - before * base_power + static_cast<uint64_t>(length));
}

}  // namespace

// An index over the ascending keys of `partitions` (a power of two) arrays, which must outlive it; `prefixes` are the keys
// of the first LEAST words of each. Null: no memory.
EXPORT void* grams_new_index(const uint64_t* const* keys, const uint64_t* const* prefixes, const int64_t* counts,
                             int32_t partitions) try {
    auto index = std::make_unique<Index>();
    while ((1 << index->partition_bits) < partitions) index->partition_bits++;
    int64_t total = 0;
    for (int32_t part = 0; part < partitions; part++) {
        index->keys.push_back(keys[part]);
        index->rows.push_back(total);
        total += counts[part];
        int bits = 4;
        while (bits < 31 && (int64_t{1} << bits) < counts[part]) bits++;
        index->bucket_bits.push_back(bits);
        std::vector<uint32_t> starts((size_t{1} << bits) + 1, 0);
        for (int64_t i = 0; i < counts[part]; i++) starts[index->bucket(keys[part][i], part) + 1]++;
        for (size_t i = 1; i < starts.size(); i++) starts[i] += starts[i - 1];
        index->starts.push_back(std::move(starts));
    }
    uint64_t bits = 1024;
    while (bits < 16 * static_cast<uint64_t>(total)) bits *= 2;
    index->bitmap.assign(bits / 64, 0);
    index->bitmap_mask = bits - 1;
    for (int32_t part = 0; part < partitions; part++) {
        for (int64_t i = 0; i < counts[part]; i++) {
            uint64_t bit = prefixes[part][i] & index->bitmap_mask;
            index->bitmap[bit >> 6] |= uint64_t{1} << (bit & 63);
        }
    }
    return index.release();
} catch (const std::bad_alloc&) {
    return nullptr;
}

EXPORT void grams_free_index(void* index) { delete static_cast<Index*>(index); }

// The hits of documents `text[offsets[i]..offsets[i + 1]]`, of the given lengths in words; `suspects` has a byte for each
// document, 1 for one that may not be in NFC. Null: no memory.
EXPORT void* grams_scan(const void* handle, const uint8_t* text, const int64_t* offsets, int64_t documents,
                        const uint32_t* table, uint32_t table_size, const int32_t* lengths, int32_t length_count,
                        uint8_t* suspects) try {
    const auto* index = static_cast<const Index*>(handle);
    auto hits = std::make_unique<Hits>();
    std::vector<Word> words;
    std::vector<uint64_t> powers;
    for (int32_t which = 0; which < length_count; which++) powers.push_back(power(BASE, lengths[which]));
    Characters characters{table, table_size};
    uint64_t least_power = power(BASE, LEAST);
    for (int64_t document = 0; document < documents; document++) {
        words.clear();
        suspects[document] = read_words(text + offsets[document], text + offsets[document + 1], characters, words);
        for (size_t first = 0; first + LEAST <= words.size(); first++) {
            if (!index->may_begin(gram_key(words, first, LEAST, least_power))) continue;
            for (int32_t which = 0; which < length_count; which++) {
                size_t length = lengths[which];
                if (first + length > words.size()) continue;
                int64_t gram = index->find(gram_key(words, first, lengths[which], powers[which]));
                if (gram >= 0) hits->push_back({document, gram, words[first].start, words[first + length - 1].end});
            }
        }
    }
    return hits.release();
} catch (const std::bad_alloc&) {
    return nullptr;
}

EXPORT int64_t grams_hit_count(const void* hits) {
    return static_cast<int64_t>(static_cast<const Hits*>(hits)->size());
}

EXPORT const void* grams_hits(const void* hits) { return static_cast<const Hits*>(hits)->data(); }

EXPORT void grams_free_hits(void* hits) { delete static_cast<Hits*>(hits); }

// The keys of all grams of one text, in order, into `keys`, which has room for one a byte; how many there are, or -1.
EXPORT int64_t grams_keys(const uint8_t* text, int64_t bytes, const uint32_t* table, uint32_t table_size,
                          int32_t length, uint64_t* keys) try {
    std::vector<Word> words;
    read_words(text, text + bytes, Characters{table, table_size}, words);
    uint64_t base_power = power(BASE, length);
    int64_t count = 0;
    for (size_t first = 0; first + length <= words.size(); first++) {
        keys[count++] = gram_key(words, first, length, base_power);
    }
    return count;
} catch (const std::bad_alloc&) {
    return -1;
}
