// The chosen blocks as text, in the one convention that docs/text.md describes.
#pragma once

#include <string>
#include <vector>

#include "page.h"

namespace blocks {

std::string lay_out(const Page& page, const std::vector<char>& chosen);

}  // namespace blocks
