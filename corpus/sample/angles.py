"""The ways in which the sample writes about a trade: a guide, a visit, a history, and five more.

An angle is a title line and paragraphs between blank lines. `> 2-3` before a paragraph means: take two or
three of its sentences, in their order, and surely those that begin with `! `; `> *` means all. `{fact}` is
filled from the trade (keys in `corpus.sample.makers`), `{name}` and the like stay the same through one
article, and `[a|b]` is a choice.
Any angle fits any trade, so two articles share a trade or an angle but never both.
"""

ANGLES = """
title: How to {do} [without losing heart|with borrowed tools|in a small space] / A plain guide to {craft}
> 3-4
Most people come to {craft} [sideways|by accident|late], after [a wet holiday|a present they never asked for].
There is [no shame|nothing wrong] in starting with a bad {thing}, since [everybody|every {maker} in {town}] did.
This guide is for [anyone|readers] who [watched|looked on] long enough and would now like to {do} [alone|themselves].
You will need a dry corner, {tool} and {tool}; nearly everything else [can|may] be [borrowed|begged from a neighbour].
Nothing in it is [secret|difficult], although the order of things [matters more than one expects|is half the art].
I put these notes together one {month} for the evening class in {town}, and [wiser|wetter] hands have corrected them.

> 2-3
{fact}
Before you touch anything, [learn|remember] one thing. {fact}
Keep {stuff} and {stuff} where your left hand [finds them|falls], for you will want [both at once|them in a hurry].
{fact}

> *
To begin, {step}, and [take your time|do not talk while you do it].
[After that|Next], {step}; a second pair of [eyes|hands] is welcome [here|at this point].
[When that is done,|Then] {step}.
Only now {step}, [checking twice|with one eye on the clock|as calmly as you can].
[Last of all|Finally], {step}.

> 2-3
If {fault}, the [usual|likeliest] reason is that {cause}, and the cure is to {remedy}.
Should it happen that {fault}, do not [despair|blame the weather]: {remedy}, and [say nothing|carry on].
People will tell you that {myth}, and [you may nod|they mean it kindly], but you need not [believe it|act on it].
{fact}

> 2-4
After {count} attempts, or twice that, the hands [begin to know|remember] what the head [keeps forgetting|cannot say].
"{saying}," says {name}, {years} years a {maker}, and [I have found no better rule|that about covers it].
Write down what you did, even the [silly|embarrassing] parts, because next {season} you will [deny it|have forgotten].
Then put the kettle on and [enjoy|listen for|wait for] {sense}, [which is the whole reward|for you have earned it].

title: A {weekday} in {place} / Where {town} keeps its {things} / The {maker} of {town} at work
> 3-4
! The [slow train|bus|ferry] to {town} put me down in the rain, and {name} had been [busy|at work] since {hour}.
One reaches {place} by a lane that the post van [avoids|gave up on], and one [notices|meets] first {sense}.
{first} [nodded|waved] me in with {tool} under one arm and told me where [not to stand|the dry chair was].
"{saying}," {he} said, by way of [good morning|greeting].
Along the sill lay {tool}, {tool} and a radio older than [either|both] of us, [playing dance music|tuned to nothing].

> 3-4
{he} learned {craft} from {his} {relation}, who [never explained anything|explained everything twice], and stayed.
What a visitor takes for habit is [mostly attention|closer to thought], as {first} points out. {fact}
The work is [easily|quickly] described: {step}, {step}, and {step}, [in that order|before lunch if possible].
Doing it well is another [matter|story].
I asked about failures. "Sooner or later {fault}," {he} [told me|admitted], "and then you find that {cause}."
{fact}

> 2-4
! By {hour} the rain had [stopped|moved off], and {other}, who [helps|lends a hand] on {weekday}s, came in.
"{saying}," said {other}, when I [picked up|reached for] {tool}.
{otherfirst} let me try to {step}, which took {count} attempts, and was [kind|diplomatic] about the [result|outcome].
Between them they answer for {count} {things}, one [apprentice|nephew] and a cat with [opinions|no duties].
{fact}

> 2-3
{past}
No one in the room [hurried|seemed to hurry], and yet by {hour} everything [had been done|was put away].
When I said I had [read|heard] that {myth}, the two of them looked at [the floor|each other] and [sighed|laughed].
Of course I missed the [bus|train] back, and [walked|did not mind walking] the {count} miles along the {river}.
For the rest of the [evening|week] I could not quite get rid of {sense}.

title: A short history of {craft} in {town} / When {town} had {count} {maker}s / {town} and its {things}
> 2-3
In {year} the [parish register|tithe book] of {town} names {count} {maker}s, and a [century|lifetime] later one.
How {craft} came to the {river} valley [depends on whom you ask|is told in two ways], and neither is [modest|short].
The earliest document is a [bill|receipt] of {year}, half eaten by mice, for {stuff}, {stuff} and the repair of {tool}.

> 2-3
{past}
Until the railway came, {stuff} had to be [carried over the moor|rowed up the {river}], and nothing was [wasted|lost].
The {maker}s [guarded|kept] their methods like family silver, and apprentices had to learn by [watching|standing still].
{fact}
One rule survives in a [notebook|letter] of {year}, in a hand that slopes like rain: "{saying}."

> 2-4
The [great flood|long winter] of {year} [closed|emptied] {place} for {count} weeks, and not everyone [returned|came
    back].
{fact}
{other}, whose {relation} [lived through|remembered] it, still owns {tool} with the [mud|scorch marks] on it.
From those years [dates|comes] the belief that {myth}, which was [never true|an excuse even then] and has outlived them.
{past}

> 1-3
[What changed|The change that mattered] was not the tools but the [customers|pay], and a {maker} must now explain a
    {thing}.
Older hands would [still|always] {step}, and only then {step}, and the young ones [timed|teased] them.
In the [strike|drought] of {year}, when {stuff} ran out, somebody tried {stuff} instead, and it was not spoken of again.

> 2-3
Today {place} is open on the first {weekday} of the month, and {name} will show any [child|visitor] how to {do}.
The [museum|reading room] holds {tool}, {tool} and {count} photographs that nobody has been able to [date|name].
{fact}
Anyone with letters or [diaries|drawings] from the {season} of {year} is asked to [write to|call on] the archivist.

title: {name}, {maker}: a conversation / "{saying}": talking to {name} / Questions for a {maker}
> 2-3
! {name} has [been|lived as|worked as] a {maker} near {town} for {years} years and [still claims to be a beginner|sees
    no reason to stop|cannot say why].
We [talked|sat] in {place} one [bright|windy|dull] {weekday}, over [tea that went cold|soup|strong coffee], with
    {sense} for company.
The answers [have been shortened|are tidied a little], although [the digressions were the best part|much was said by
    hand].

> *
How did you come to {craft}?

> 2-4
By accident, [really|like most people]. My {relation} [sent me|paid me] to [sweep|paint] {place}, and I [stayed|am not
    done].
[The first thing I was allowed to touch|What they gave me first] was {tool}, and I [dropped it|cut myself], [but
    nobody laughed|and own it to this day].
I was [nine|nearly thirty], and I thought that {myth}. You may [smile|laugh].
{past} That was before my time, but I [heard it told|was brought up on it].

> *
What do beginners get wrong?

> 2-4
They [want|expect] to {step} on the [first morning|very first day]. I make them {step} for [a week|a month], and by
    then they [stop asking|have gone quiet].
[First|One day] {fault}, and they blame the [tools|{stuff}|landlord], when [in truth|really] {cause}. [All one can do
    is|The thing to do is to] {remedy}.
[Nobody tells them this, so I will.|They have not been told.|Listen.] {fact}
And they buy [too much|everything]. You can {do} for {count} years with {tool} and {tool}, [as I did|or so I found].

> *
Has the work changed?

> 2-3
Less than [people think|the brochures say]. {fact}
There is a telephone [now|these days], [usually|always] [covered in|under the] {stuff}. Otherwise {sense} is [what it
    was in my {relation}'s day|just the same].
People [expect|would like] a {thing} by {weekday}. I [tell|promise] them {weekday} and [not which|leave out the month].

> *
And what do you tell the apprentice?

> 2-3
What was told to me. {saying}.
I say: when [you are lost|you do not know how to go on], {step}, and by the [time you have finished|end of it] you
    [will know|may see].
{fact} It [took me|was] {years} years [before I understood|until I believed] that.
[On days off|On Sundays] I go and look at other people's {things}, [quietly|hands behind my back], and learn [a good
    deal|more than here].

title: The {maker}'s postbag, {month} / Letters about {craft} / Your {things}: readers ask
> 2-3
! [Four|Three] letters lay on the mat this {month}, one of them [damp|scorched], and all of them about unruly {things}.
{name} has [answered|read] them in {place}, between two jobs, and [asks for patience|begs your pardon].
As ever, the [simplest|dullest] explanation was tried first, [and it usually won|since it is so often right].

> 2-3
! Whenever I {do}, {fault}, writes {other} of {town2}, and my {relation} maintains it was always [like that|so].
I have changed the {stuff}, and [moved|borrowed] {tool}, and I am at my wits' end.
Is it [too late|worth it], or should I [give up|begin again in the {season}]?

> 2-3
! [Probably nothing dramatic|Less than you fear], {otherfirst}. Nine times out of ten it turns out that {cause}.
{remedy}, and give it until {weekday} before you judge.
{fact}
Your {relation} may be right about [much|other things], but not about this one.

> 2-3
! A reader who signs only as [Worried|Impatient] of {town2} asks why {fault} [every {season}|as soon as guests arrive].
The {maker} in our village says that {myth}, [the letter goes on|we read], and I do not [dare|like] to contradict him.
There is also {sense}, which [keeps the dog awake|was not there last year].

> 2-4
! Contradict him [politely|with cake]. If {cause}, as I suspect, then the only [honest|lasting] course is to {remedy}.
{fact}
Leave {tool} where it is for [once|now], and {step}, which costs nothing.

> 2-3
! Finally, a class of {count} children in {town2} would like to know what a {maker} does [all day|on a {weekday}].
On most days I {step}, then {step}, and then I look for {tool}, which is [in my other hand|under the cat].
{past}
"{saying}" was painted over the door when I was your age, and I [did not understand|disliked] it for {years} years.

title: Notes from {place} / A {maker}'s {season} / From the daybook of a {maker}
> 2-3
! {date}. Up at {hour}, and [a white frost on the step|wind from the wrong quarter]. Meant to {do}, but
    [sought|mislaid] {tool}.
{fact} I had [forgotten|neglected] it again, and was [reminded|punished] before breakfast.
Everything else can wait, as {otherfirst} [likes to say|said], except {stuff}.

> 2-4
! {date}. Today {fault}. I [stood and looked|swore, then looked], and could not see why until [noon|I had eaten].
! It was only that {cause}. I shall {remedy}, and put it in [ink|the book] this time.
{other} came by with {stuff} and an account of {his2} operation, and stayed to [help|hold the other end].

> 2-3
! {date}. Nothing but {sense} from morning to night, and I would not [change places with a king|have it otherwise].
Found {tool} that belonged to my {relation}, at the back of the [drawer|stove], and it [works|fits my hand].
{past} I think of that whenever the [roof leaks|money is short].

> 2-3
! {date}. A school party of {count}, all of whom [knew|had been told] that {myth}. I showed them how to {step} instead.
One small girl asked what happens if you don't, which is the [only|best] question. {fact}
The teacher bought [postcards|nothing], and asked whether {place} was [heated|for sale].

> 2-4
! {date}. Began again from the beginning: {step}, {step}, {step}. [It went as it should|Better].
"{saying}," my {relation} would have said, and for [once|the first time] I said it before anyone else.
{fact}
[Rain|Sleet] on the roof. Wrote to {town2} about {stuff}, and [made soup|slept] with the window open.

> 1-3
! {date}. The last {thing} of the {season}, and the [best|least bad] of them. I have put {tool} [in grease|away].
Walked along the {river} as far as the [weir|bridge] and back, thinking about nothing, which [was hard|was the plan].
{fact} Enough for one year.

title: In praise of the slow {thing} / Why {craft} still matters / Against hurry: a {maker}'s argument
> 2-4
It [has become|is now] [usual|polite] to ask [of {craft} what it is for|what {craft} is for], as though a {thing}
    [ought to|should] [apologise|carry a permit].
I should like to [answer the question|defend it], not [with|by] figures, but [with|by] {sense}, and [with|by] {tool}
    that I [inherited|was given at nine].
My {relation}, a {maker} in {town} who [distrusted|never finished] arguments, used to put it in one line: {saying}.
[We are told|One hears] that {myth}, and the people who [say so|repeat it] have [a bus to catch|usually never tried].

> 2-3
Begin with [what is plain|the thing itself]. {fact}
Anyone may [look that up|read it in a book], but to know it in the [wrist|fingers] [takes|asks for] {years} years and
    [a good deal|plenty] of {stuff}.
There lies the [difference|first point] between having information and having [been there|a trade].
{fact}

> 2-4
! Consider what happens when {fault}. A machine [stops|rings a bell], and a person asks [why|a second person].
! It may be that {cause}, in which case one [has to|must] {remedy}, and no [manual|expert] can [do the waiting for
    us|make that any shorter].
[Failure|A mistake] of that kind is [cheap|honest], [comes with|brings] its own explanation, and [leaves no one the
    poorer|does no harm].
{past}

> 2-3
Then there is company. In {place} I have [met|sat with] bishops, plumbers and {name}, and we agreed about {stuff} [at
    least|if nothing else].
To {step} with [another person|somebody] [in the room|at your elbow] is [a kind of talk|as good as talk], and
    [rarely|never] ends in a quarrel.
{fact}

> 2-3
I do not [claim|pretend] that the [world|country] needs {count} [more|new] {maker}s, though {town} could [use|do with]
    it.
[I claim only that whoever|It is enough if someone who] has learned to {step} and then to {step} will [wait better|be
    happier] in [any|a] queue.
So let the {thing} be slow. [Something|One thing] [ought to|must] take as long as it takes, [and it may as well be
    beautiful|and why not this].

title: {town} {maker}s' circle: the {month} meeting / {maker}s at {place}: a report / News from the {town} {maker}s
> 2-3
{count} members and a [dog|visitor from {town2}] came through the [fog|snow|mud] to {place}, where [it was warm|the
    stove smoked].
{name} took the chair, which has been [mended|reglued] since {month}, and read a letter from the [school|hospital].
Apologies were received from {other}, who is [in plaster|at sea], and from the treasurer, who was [outside|asleep].

> 2-3
The evening's talk, on the care of {things}, began with a warning. {fact}
Members were then shown how to {step}, and a number of them [had not known|claimed to have known] that one must also
    {step}.
{fact}
A show of hands revealed that {count} of those present believe that {myth}, and the speaker [sighed|moved on].

> 2-4
In the discussion somebody [complained|reported] that {fault}, and it was agreed, after [tea|an hour], that {cause}.
The chair's advice was to {remedy}, and to [write in|come back] if that should fail.
{otherfirst}'s [cousin|colleague], who had come for the [cake|warmth], won the raffle with {tool} as the prize.
The tin for {stuff} stands at {count} pounds, [a record|which is {count} more than it owes].

> 2-3
{past} This was [read out|recalled] by {name} from the old minutes, and [nobody could top it|met with applause].
It was resolved to clear {place} on the second {weekday} of {month}, and to bring {tool} and one's own [gloves|lunch].
The library has acquired a film of {season} work by the {river}, silent, though everyone [heard|remembered] {sense}.

> 1-3
The motto for the banner was put to the vote again, and "{saying}" beat [the Latin one|two others] by {count} votes.
{fact} So ends the [question box|correspondence] for this {season}.
[Spare|Second-hand] {stuff} may be left with {first}, [never on the step|but not before {hour}].
"""
