// The HTML elements that the pass knows, and how each of them behaves.
#pragma once

#include <cstdint>
#include <string_view>

namespace blocks {

// Traits of an element, as bits.
enum Trait : uint8_t {
    INLINE = 0,
    BLOCK = 1,      // text before, inside and after it are different blocks
    VOID = 2,       // has no content and no end tag
    RAW = 4,        // its content is not markup; nothing in it is text of the page
    CLOSES_P = 8,   // its start tag ends an open <p>
    IN_HEAD = 16,   // does not end <head>
    IN_PRE = 32,    // a block, but inside <pre> only the start of a new line
};

#define HTML_ELEMENTS(X) \
    X(A, "a", INLINE) X(ABBR, "abbr", INLINE) X(ADDRESS, "address", BLOCK | CLOSES_P) X(AREA, "area", VOID) \
    X(ARTICLE, "article", BLOCK | CLOSES_P) X(ASIDE, "aside", BLOCK | CLOSES_P) X(AUDIO, "audio", BLOCK) \
    X(B, "b", INLINE) X(BASE, "base", VOID | IN_HEAD) X(BLOCKQUOTE, "blockquote", BLOCK | CLOSES_P) \
    X(BODY, "body", BLOCK) X(BR, "br", VOID) X(BUTTON, "button", BLOCK) X(CANVAS, "canvas", RAW) \
    X(CAPTION, "caption", BLOCK) X(CENTER, "center", BLOCK | CLOSES_P) X(CITE, "cite", INLINE) \
    X(CODE, "code", INLINE) X(COL, "col", VOID) X(COLGROUP, "colgroup", BLOCK) X(DATALIST, "datalist", RAW) \
    X(DD, "dd", BLOCK | CLOSES_P) X(DETAILS, "details", BLOCK | CLOSES_P) X(DIALOG, "dialog", BLOCK | CLOSES_P) \
    X(DIV, "div", BLOCK | CLOSES_P | IN_PRE) X(DL, "dl", BLOCK | CLOSES_P) X(DT, "dt", BLOCK | CLOSES_P) \
    X(EM, "em", INLINE) X(EMBED, "embed", VOID) X(FIELDSET, "fieldset", BLOCK | CLOSES_P) \
    X(FIGCAPTION, "figcaption", BLOCK | CLOSES_P) X(FIGURE, "figure", BLOCK | CLOSES_P) X(FONT, "font", INLINE) \
    X(FOOTER, "footer", BLOCK | CLOSES_P) X(FORM, "form", BLOCK | CLOSES_P) \
    X(H1, "h1", BLOCK | CLOSES_P) X(H2, "h2", BLOCK | CLOSES_P) X(H3, "h3", BLOCK | CLOSES_P) \
    X(H4, "h4", BLOCK | CLOSES_P) X(H5, "h5", BLOCK | CLOSES_P) X(H6, "h6", BLOCK | CLOSES_P) \
    X(HEAD, "head", BLOCK) X(HEADER, "header", BLOCK | CLOSES_P) X(HR, "hr", BLOCK | VOID | CLOSES_P) \
    X(HTML, "html", BLOCK | IN_HEAD) X(I, "i", INLINE) X(IFRAME, "iframe", BLOCK | RAW) X(IMG, "img", VOID | IN_HEAD) \
    X(INPUT, "input", VOID) X(KBD, "kbd", INLINE) X(LABEL, "label", INLINE) X(LEGEND, "legend", BLOCK) \
    X(LI, "li", BLOCK | CLOSES_P) X(LINK, "link", VOID | IN_HEAD) X(MAIN, "main", BLOCK | CLOSES_P) \
    X(MATH, "math", INLINE) X(MENU, "menu", BLOCK | CLOSES_P) X(META, "meta", VOID | IN_HEAD) \
    X(NAV, "nav", BLOCK | CLOSES_P) X(NOEMBED, "noembed", RAW) X(NOFRAMES, "noframes", RAW) \
    X(NOSCRIPT, "noscript", BLOCK | IN_HEAD) X(OBJECT, "object", INLINE) X(OL, "ol", BLOCK | CLOSES_P) \
    X(OPTION, "option", BLOCK) X(P, "p", BLOCK | CLOSES_P) X(PARAM, "param", VOID) X(PICTURE, "picture", INLINE) \
    X(PLAINTEXT, "plaintext", BLOCK | CLOSES_P) X(PRE, "pre", BLOCK | CLOSES_P) X(Q, "q", INLINE) \
    X(S, "s", INLINE) X(SAMP, "samp", INLINE) X(SCRIPT, "script", RAW | IN_HEAD) \
    X(SECTION, "section", BLOCK | CLOSES_P) X(SELECT, "select", BLOCK | RAW) X(SMALL, "small", INLINE) \
    X(SOURCE, "source", VOID) X(SPAN, "span", INLINE) X(STRONG, "strong", INLINE) \
    X(STYLE, "style", RAW | IN_HEAD) X(SUB, "sub", INLINE) X(SUMMARY, "summary", BLOCK | CLOSES_P) \
    X(SUP, "sup", INLINE) X(SVG, "svg", RAW) X(TABLE, "table", BLOCK | CLOSES_P) \
    X(TBODY, "tbody", BLOCK | IN_PRE) X(TD, "td", BLOCK | IN_PRE) X(TEMPLATE, "template", BLOCK | RAW | IN_HEAD) \
    X(TEXTAREA, "textarea", BLOCK | RAW) X(TFOOT, "tfoot", BLOCK) X(TH, "th", BLOCK | IN_PRE) X(THEAD, "thead", BLOCK) \
    X(TIME, "time", INLINE) X(TITLE, "title", RAW | IN_HEAD) X(TR, "tr", BLOCK | IN_PRE) X(TRACK, "track", VOID) \
    X(TT, "tt", INLINE) X(U, "u", INLINE) X(UL, "ul", BLOCK | CLOSES_P) X(VIDEO, "video", BLOCK) \
    X(WBR, "wbr", VOID) X(XMP, "xmp", BLOCK | RAW)

enum Tag : uint8_t {
    T_OTHER,
#define X(name, text, traits) T_##name,
    HTML_ELEMENTS(X)
#undef X
    TAGS
};

// The element of a name in lower case; T_OTHER for one that is not in the list.
Tag tag_of(std::string_view name);

std::string_view name_of(Tag tag);

bool has(Tag tag, Trait trait);

inline bool is_heading(Tag tag) { return tag >= T_H1 && tag <= T_H6; }
inline bool is_cell(Tag tag) { return tag == T_TD || tag == T_TH; }
inline bool is_list(Tag tag) { return tag == T_UL || tag == T_OL || tag == T_MENU; }

}  // namespace blocks
