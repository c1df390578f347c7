#include "words.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <unordered_set>

namespace blocks {
namespace {

// Words that name what an element is for, in the order of the features. A word may stand in one group only.
const std::string_view GROUP_WORDS[GROUPS] = {
    "nav navigation navbar navi subnav topnav mainnav sidenav menu menubar submenu megamenu mainmenu dropdown toolbar tab tabs",
    "footer foot bottom copyright legal disclaimer colophon footnotes impressum",
    "header masthead banner top topbar logo brand head topheader kopf",
    "sidebar aside side widget widgets rail secondary complementary left right marginal",
    "share sharing social socials shares follow facebook twitter pinterest whatsapp linkedin addthis addtoany sharedaddy",
    "related recommended recommend recommendation recommendations similar trending popular latest recent more readmore "
    "upnext next previous prev suggested outbrain taboola also teaser teasers mostread most read further others",
    "comment comments disqus respond response responses reply replies commentlist discussion discussions kommentare",
    "content contents article articles entry post body main text story articlebody richtext prose markdown wysiwyg copy "
    "maincontent paragraph rte postcontent entrycontent contentbody bodytext artikel inhalt",
    "ad ads adv advert advertisement advertising sponsor sponsored promo promotion promoted dfp gpt adsense affiliate partner",
    "cookie cookies consent modal popup overlay gdpr notice alert dialog lightbox toast notification notifications "
    "onetrust tooltip",
    "meta author byline date time timestamp tag tags tagcloud category categories published info details bio authors "
    "posted publish",
    "login signin signup subscribe newsletter register form email search account subscription paywall regwall optin cta",
    "breadcrumb breadcrumbs crumb crumbs pagination pager paging pagenav page pages paginate",
    "product products price prices cart add buy shop shopping sku stock variant checkout wishlist rating ratings review "
    "reviews offer deal item sale",
    "hidden sr only visually visuallyhidden screen reader offscreen skip collapse collapsed none hide invisible print noprint",
    "title headline heading subtitle subheading subhead kicker deck dek standfirst lead intro introduction summary excerpt "
    "abstract",
    "caption figure image images img photo photos gallery media video credit thumb thumbnail slideshow carousel slider "
    "swiper slick player",
    "list listing listings grid card cards tile tiles feed results result loop archive archives collection catalog row",
    "code highlight syntax codeblock snippet language hljs prettyprint",
    "message messages messagetext thread threads topic topics forum forums signature quote bbcode postbody posts cpost phpbb "
    "vbulletin xenforo discourse lemmy",
    "user userinfo users username avatar profile postprofile member members poster usercard status online stats views like "
    "likes vote votes karma",
    "toc tableofcontents doc docs documentation edit version wiki section reference headerlink anchor permalink",
    "description desc faq accordion feature features spec specs specification specifications panel overview about service "
    "services hero benefits testimonial testimonials block module",
    "button btn link links action actions icon icons tool tools download help contact map address hours location",
};

const std::string_view STOP_WORDS =
    "the of and to in is that for it as was with on by at this are be from or an not have has but they his her you we which "
    "their were will would can der die und das den von zu mit sich des auf nicht ein eine im dem ist es als auch werden aus "
    "er hat dass sie nach wird bei de la et les le du en un une pour que dans qui sur par pas il au plus el los las por con "
    "una para del se su che di non per sono da o e do em os na um uma het van op te voor dat met zijn och att det som på av "
    "i nie się w z jest";

template <class Visit>
void split(std::string_view words, Visit visit) {
    while (!words.empty()) {
        size_t space = words.find(' ');
        visit(words.substr(0, space));
        words.remove_prefix(space == std::string_view::npos ? words.size() : space + 1);
    }
}

// Words of at most seven bytes as numbers: those bytes, and the length. Most words are turned away by one look at `seen_`.
class StopWords {
  public:
    StopWords() {
        split(STOP_WORDS, [&](std::string_view word) {
            numbers_.insert(number(word));
            seen_[slot(number(word))] = true;
        });
    }

    bool contain(std::string_view word) const {
        if (word.size() > 7) return false;
        uint64_t of_word = number(word);
        return seen_[slot(of_word)] && numbers_.count(of_word);
    }

  private:
    static uint64_t number(std::string_view word) {
        uint64_t packed = word.size();
        for (unsigned char c : word) packed = packed << 8 | c;
        return packed;
    }
    static size_t slot(uint64_t number) { return number * 0x9E3779B97F4A7C15ULL >> 52; }

    std::unordered_set<uint64_t> numbers_;
    std::array<bool, 4096> seen_{};
};

const std::unordered_map<std::string_view, uint32_t>& groups_by_word() {
    static const auto table = [] {
        std::unordered_map<std::string_view, uint32_t> groups;
        for (int group = 0; group < GROUPS; group++) {
            split(GROUP_WORDS[group], [&](std::string_view word) { groups[word] = 1u << group; });
        }
        return groups;
    }();
    return table;
}

// The parts of a name: "postBody entry-title" has "post", "body", "entry", "title".
template <class Visit>
void for_each_part(std::string_view attribute, Visit visit) {
    char part[24];
    size_t length = 0;
    auto finish = [&] {
        if (length > 1 && length < sizeof part) visit(std::string_view(part, length));
        length = 0;
    };
    char before = 0;
    for (char c : attribute) {
        bool starts_part = is_upper(c) && is_lower(before);  // camelCase
        if (!is_letter(c) || starts_part) finish();
        if (is_letter(c)) {
            if (length < sizeof part) part[length] = lower(c);
            length++;
        }
        before = c;
    }
    finish();
}

}  // namespace

uint32_t groups_of(std::string_view attribute) {
    const auto& table = groups_by_word();
    uint32_t groups = 0;
    for_each_part(attribute, [&](std::string_view part) {
        auto found = table.find(part);
        if (found != table.end()) groups |= found->second;
    });
    return groups;
}

void append_words_of(std::string_view attribute, std::vector<uint32_t>& out) {
    const size_t begin = out.size();
    auto add = [&](uint64_t hash) { out.push_back(static_cast<uint32_t>(hash ^ hash >> 32)); };
    for_each_part(attribute, [&](std::string_view part) { add(hash_of(part)); });
    uint64_t name = HASH_SEED;
    size_t length = 0;
    for (size_t i = 0; i <= attribute.size(); i++) {
        unsigned char c = i < attribute.size() ? attribute[i] : ' ';
        if (!is_space(c)) {
            if (!is_digit(c)) name = hash_byte(name, lower(c)), length++;
            continue;
        }
        if (length > 1) add(name * 31);  // not the hash of a part
        name = HASH_SEED, length = 0;
    }
    std::sort(out.begin() + begin, out.end());
    out.erase(std::unique(out.begin() + begin, out.end()), out.end());
}

bool is_stop_word(std::string_view word) {
    static const StopWords words;
    return words.contain(word);
}

}  // namespace blocks
