// What a page says of itself in <meta>, JSON-LD and its URL.
#pragma once

#include "page.h"
#include "tokenizer.h"

namespace blocks {

// Bits of Facts::json_types, in the order of the features.
constexpr int JSON_TYPES = 9;

void read_meta(Facts& facts, const Attributes& attributes);
void read_json_ld(Facts& facts, std::string_view json);

// The kind of page that the words of a URL suggest: 1 thread, 2 product, 3 collection, 4 documentation, 5 article,
// 6 service, 0 none of them.
int kind_of_url(std::string_view url);

}  // namespace blocks
