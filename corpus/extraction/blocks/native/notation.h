// What small and mathematical notation is in plain text: 10<sup>3</sup> is 10³, a formula is its TeX.
#pragma once

#include <string>
#include <string_view>

namespace blocks {

// Rewrite the end of `text`, from `from` on, as the superscript or subscript of what stands before it.
//   digits, signs, brackets and n: Unicode's own characters, 10³ x⁻¹ 2ⁿ H₂O
//   letters that end a word or a number: as they are, 19th, XIXe, Mme, 1er
//   anything else: after an operator, e^x, 2^(k+t), v_max, x_(i,j)
void set_script(std::string& text, size_t from, bool is_super);

// The text of <math> from its content: "$TeX$" where an annotation or `alttext` has it, else the MathML on one line.
std::string formula(std::string_view content, std::string_view alttext);

// "$TeX$" or, for a display, "$$TeX$$"; empty for empty TeX.
std::string tex_formula(std::string_view tex, bool is_display);

}  // namespace blocks
