"""Every post of a thread is text, in the markup of the usual forums; comments do not bury a story."""

import pytest

from corpus.extraction.engines import by_blocks

SUBJECTS = "engine sail anchor compass rudder mast keel oar net buoy lamp bell".split()
POSTS = [
    f"I have had the same trouble with my {subject} for {number + 2} years, and nothing but oil and "
    f"patience ever helped. "
    f"Take the {subject} apart on a dry day, and write down where each piece belongs."
    for number, subject in enumerate(SUBJECTS)
]
MENU = "<ul class='menu'>" + "".join(f"<li><a href='/f{i}'>Board {i}</a></li>" for i in range(8)) + "</ul>"

FORUMS = {
    "invision": (
        "<div id='comments' class='cTopic'><form action='/topic/1/?csrfKey=0' method='post'>{}</form></div>",
        "<article class='ipsComment ipsBox' id='elComment_{n}'><aside class='ipsComment_author'><h3>"
        "<a href='/u{n}'>user{n}</a>"
        "</h3></aside><div class='ipsComment_content'>"
        "<div data-role='commentContent' class='ipsType_richText'><p>{post}</p>"
        "</div></div></article>",
    ),
    "xenforo": (
        "<div class='p-body-content'><div class='block-body js-replyNewMessageContainer'>{}</div></div>",
        "<article class='message message--post' id='js-post-{n}'><div class='message-cell message-cell--user'><h4 "
        "class='message-name'><a class='username' href='/u{n}'>user{n}</a></h4></div><div class='message-cell "
        "message-cell--main'><div class='bbWrapper'>{post}</div></div></article>",
    ),
    "phpbb": (
        "<div id='page-body'>{}</div>",
        "<div id='p{n}' class='post has-profile bg2'><dl class='postprofile'><dt>"
        "<a class='username' href='/u{n}'>user{n}</a>"
        "</dt></dl><div class='postbody'><h3><a href='#p{n}'>Re: trouble</a></h3>"
        "<div class='content'>{post}</div></div></div>",
    ),
    "discourse": (
        "<div id='main-outlet' class='wrap'>{}</div>",
        "<div id='post_{n}' itemprop='comment' class='topic-body crawler-post'><div class='crawler-post-meta'><span "
        "class='creator'><a href='/u/user{n}'>user{n}</a></span></div><div class='post' itemprop='text'>"
        "<p>{post}</p></div></div>",
    ),
    "vbulletin": (
        "<div id='postlist'><ol id='posts' class='posts'>{}</ol></div>",
        "<li class='postbitlegacy postcontainer' id='post_{n}'><div class='userinfo'>"
        "<a class='username' href='/u{n}'>user{n}</a>"
        "</div><div class='postbody'><div class='content'>"
        "<blockquote class='postcontent restore'>{post}</blockquote></div></div></li>",
    ),
    "old vbulletin": (
        "<div id='posts'>{}</div>",
        "<table id='post{n}' class='tborder'><tr><td class='alt2'>"
        "<a class='bigusername' href='/u{n}'>user{n}</a></td></tr>"
        "<tr><td class='alt1'><div id='post_message_{n}'>{post}</div></td></tr></table>",
    ),
    "lemmy": (
        "<main><div class='post'><h1>Trouble</h1></div><ul class='comments'>{}</ul></main>",
        "<li id='comment-{n}' class='comment'><div class='details'><a href='/u/user{n}'>user{n}</a><div class='md-div'>"
        "<p>{post}</p></div></div></li>",
    ),
    "comments in a form": (
        "<form method='post' action='/reply'><div id='comments'>{}</div></form>",
        "<div class='comment' id='c{n}'><div class='author'>user{n}</div><div class='comment-body'>"
        "<p>{post}</p></div></div>",
    ),
}


@pytest.mark.parametrize("forum", FORUMS)
def test_every_post_is_text(forum):
    around, each = FORUMS[forum]
    posts = around.format("".join(each.format(n=n, post=post) for n, post in enumerate(POSTS)))
    html = (
        f"<html><head><title>Trouble - Boats</title></head><body><header>{MENU}</header><h1>Trouble</h1>{posts}"
        "<footer><p>Powered by forum software</p></footer></body></html>"
    )
    text = by_blocks(html).text
    assert [post for post in POSTS if post not in text] == []
    assert "Board 3" not in text
    assert "Powered by" not in text


def test_comments_do_not_bury_the_story():
    story = "".join(f"<p>{post}</p>" for post in POSTS)
    comments = "".join(
        f"<li class='comment'><cite>reader{n}</cite> <a href='#r{n}'>Reply</a><div class='comment-content'>"
        f"<p>Nice story, thanks "
        f"for writing number {n}.</p></div></li>"
        for n in range(12)
    )
    text = by_blocks(
        f"<html><head><title>Trouble</title></head><body><header>{MENU}</header><article class='post'><h1>Trouble</h1>"
        f"<div class='entry-content'>{story}</div></article><div id='comments' class='comments-area'>"
        f"<h3>12 comments</h3>"
        f"<ol class='commentlist'>{comments}</ol><p class='must-log-in'>Log in to leave a comment.</p></div>"
        f"</body></html>"
    ).text
    assert [post for post in POSTS if post not in text] == []
    assert "Log in" not in text
    assert text.count("Nice story") == 0 or text.index(POSTS[-1]) < text.index("Nice story")


def test_code_stays_with_the_prose_around_it():
    code = "from itertools import chain\n\n" + "\n\n".join(
        f"def take_{name}(n, iterable):\n    return list(islice(iterable, n, {number}))"
        for number, name in enumerate(SUBJECTS)
    )
    prose = [f"<h2>{subject}</h2><p>{post}</p>" for subject, post in zip(SUBJECTS, POSTS, strict=True)]
    text = by_blocks(
        f"<html><head><title>Recipes</title></head><body><nav>{MENU}</nav><main>{''.join(prose[:6])}"
        f"<div class='highlight'><pre>{code}</pre></div>{''.join(prose[6:])}</main></body></html>"
    ).text
    assert code in text
