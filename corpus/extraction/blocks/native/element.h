// A new element from its start tag: what it is, and where it stands.
#pragma once

#include "page.h"
#include "tokenizer.h"

namespace blocks {

// Fill in what features are made of. `element` is a copy of its parent, `groups` the words of its class, id and role.
void describe(Element& element, const Token& token, uint32_t groups);

// Fill in what the layout of the text needs: the heading, list, table or <pre> that the element is or stands in.
void place(Element& element, Element& parent, int index, const Attributes& attributes);

}  // namespace blocks
