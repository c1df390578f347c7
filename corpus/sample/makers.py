"""Vocabulary of the sample's articles about things that are made.

One block per trade, parsed by `corpus.sample.prose`. The keys, in the shape that the sentences of
`corpus.sample.angles` rely on (slashes part the items of a line, `[a|b]` is a choice):

    core     craft / thing / things / maker / place / do it / doing it     tool   with its article
    trouble  what goes wrong > why > what to do       stuff  without one    step   in the order of work
    sense    what one hears or smells                 myth   what people wrongly say
    fact     whole sentences, as are past (of long ago) and saying (spoken, without the full stop)
"""

MAKERS = """
core: bread baking / loaf / loaves / baker / the bakehouse / bake a loaf / baking a loaf
tool: a bench scraper / a wooden peel / a blade on a stick / a linen cloth / a probe thermometer
stuff: rye flour / sea salt / fresh yeast / spring water / semolina
sense: the crackle of a crust as it cools / the smell of scorched bran / the soft thud of dough on the table
trouble: the crumb turns gummy > the loaf was cut warm > leave it on the rack until the base has gone quiet
trouble: the dough spreads sideways in the oven > it stood too long before shaping > shape it an hour earlier
trouble: the crust tears along one side > the cut was too shallow > cut a finger deep and hold the blade flat
step: weigh the flour before the water / stir until no dry patch remains / fold the dough over every half hour
step: shape it with floured hands / let it rise in a cloth overnight / bake it fiercely for the first ten minutes
fact: Flour milled in autumn [drinks|takes up] more water than flour milled in spring, so a recipe is half the truth.
fact: A sourdough culture is a small farm of yeasts, and it [does best|thrives] when it is fed at the same hour.
fact: Salt slows the yeast, tightens the dough and keeps the crust from looking [pale and sorry|like a boiled shirt].
fact: Steam in the first minutes keeps the surface soft, which gives the loaf its [last|final] chance to grow.
fact: Rye has no gluten to speak of and is held together by starch, [patience|stubbornness] and a good tin.
fact: A brick oven cools so slowly that one firing serves bread at dawn, pies at noon and [pears|plums] overnight.
fact: Dough kept at twenty-four degrees is ready after lunch, while at eighteen degrees it [wants|asks for] all night.
past: The communal oven at {town} burned beech twigs, and each family pressed its own mark into the dough.
past: In {year} the millers' strike put barley in every tin, and some customers never went back to wheat.
past: A baker's ledger of {year} lists forty-one debtors, of whom all but the vicar had paid by Easter.
saying: If you can read the recipe while you knead, you are not kneading
saying: The oven is older than I am and I do not argue with it
saying: Yesterday's bread teaches more than today's
myth: a hot enough oven forgives everything / bread made by hand must be heavy

core: bicycle repair / wheel / wheels / mechanic / the workshop under the arches / true a wheel / truing a wheel
tool: a spoke key / a chain whip / a third hand cut from old cable / a dishing gauge / a cone spanner
stuff: chain oil / brass washers / rim tape / grey rags / waterproof grease
sense: the ticking of a freewheel / the ping of a spoke finding its seat / the smell of rubber solution
trouble: the brake squeals on every hill > the blocks sit flat on the rim > turn the front edge in by a hair
trouble: the chain skips under load > the new chain runs on worn sprockets > change both and keep the old for winter
trouble: one spoke breaks again and again > its neighbours have gone slack > bring the whole side up evenly
step: spin the rim and watch one spot / mark the high places with chalk / loosen before you tighten anything
step: turn each nipple a quarter at most / squeeze the spokes in pairs / ride it round the yard and look again
fact: A wheel stands on its lowest spokes, or rather it [hangs|is hung] from all the others, and both are nearly right.
fact: Left pedals have left-hand threads, a discovery that every [beginner|apprentice] makes with skinned knuckles.
fact: Half the noises that seem to come from the pedals [come|travel] down from a dry saddle post.
fact: Steel frames bend before they break, which is why [postmen|bakers' boys] trusted them with heavy loads.
fact: A tyre loses more air on a frosty night than in a week of [riding|commuting], because cold air simply shrinks.
fact: Chains do not stretch like elastic; the pins wear, and a [hundred|row of] tiny gaps add up to a long chain.
fact: Good grease should be [visible|seen] where two parts meet, like jam at the edge of a sandwich.
past: Before the war the works at {town} built delivery tricycles, and three of them still carry ice.
past: The racing club lost its stand in {year} and has held its meetings on the towpath ever since.
past: A local smith patented a folding crossbar in {year}, sold nine, and went back to gates with some relief.
saying: Listen first, then look, and reach for the spanner last
saying: Nobody was ever late because of a clean chain
saying: The rider is also a part, and usually the loosest
myth: a loud hub is a strong hub / more oil is always better

core: mirror grinding / mirror / mirrors / telescope maker / the polishing shed / figure a mirror / figuring a mirror
tool: a glass tool on a post / a knife-edge tester / a tin of graded grit / a pitch lap / a pair of callipers
stuff: carborundum / optical pitch / cerium oxide / distilled water / turpentine
sense: the hiss of grit under glass / the smell of warm pitch / the hollow knock of glass on wood
trouble: a scratch appears on the last evening > coarse grit was left under a fingernail > go back one grade
trouble: the edge turns down > the strokes were too long > shorten them to a third of the width and walk slowly
trouble: the stars look like small kites > the glass is strained by its clips > slacken them until a card slides
step: wet the lower disc evenly / walk around the post after every tenth stroke / rinse everything between grades
step: press the pitch overnight / polish until no grey remains at the rim / test it when the air has settled
fact: The curve that matters is a parabola, and it [differs|departs] from a sphere by less than a wave of green light.
fact: Two discs rubbed together at random become spherical by themselves, which [still|never fails to] seem like magic.
fact: Glass warmed by a thumb swells enough for the tester to show a hill where the thumb [lay|has been].
fact: A good eye sees errors a thousand times smaller than a hair by watching one shadow [move|slide] across a disc.
fact: Pitch flows like honey in summer and [shatters|cracks] like toffee in January, so a lap belongs to its season.
fact: The silver coat of a large mirror weighs no more than a [pinch of salt|letter], and all the light meets it.
fact: A mirror of eight inches gathers about a thousand times as much light as the [naked eye|best eye in the village].
past: The schoolmaster of {town} ground his first disc in {year} from a porthole washed up after a storm.
past: During the coal shortage of {year} the society polished in overcoats and measured only on Sundays.
past: An engraving of {year} shows eleven men on a ladder beside the long tube and one asleep beneath it.
saying: The glass knows how to be round, so do not interrupt it
saying: Test in the morning, regret at noon, polish in the evening
saying: Dust is only a small boulder
myth: a bigger mirror always shows more / only machines can reach that kind of precision

core: clock repair / clock / clocks / clockmaker / the shop behind the post office / start a clock / starting clocks
tool: a loupe on a wire / a mainspring winder / a pair of brass tweezers / a peg of orange wood / a small broach
stuff: clock oil / peg wood / fine chalk / gut line / benzine
sense: the uneven beat of a clock on a crooked shelf / the small cough before the strike / the smell of old oil
trouble: the clock stops at twenty past four > the two hands touch as they pass > bend the minute hand out a little
trouble: it gains in winter > the rod of the pendulum shortens in the cold > lower the bob by one turn of the nut
trouble: the strike counts wrong > the hands were turned backwards > let it strike through until it agrees again
step: let down the mainspring before anything else / draw the wheels where they sit / clean every pivot hole with wood
step: oil the ends of the pallets sparingly / put the movement in beat by ear / watch it for eight days
fact: A pendulum a metre long beats [once a second|seconds], give or take the height of the hill it hangs on.
fact: Oil in a clock does its best work when there is hardly any of it, and it [creeps|wanders] away if one is generous.
fact: The tick and the tock are one tooth [escaping|let go] on either side of a wheel, and should be equally long.
fact: Most clocks that do not go are only out of level, and a [folded card|slip of cork] has cured many of them.
fact: Verge watches were so erratic that [gentlemen|travellers] carried a sundial to correct them.
fact: A church clock loses some seconds when [starlings|pigeons] sit on the long hand, and gains them back at dusk.
fact: Springs give more force when fully wound, so old makers added a cone and a chain to [even it out|level the pull].
past: The station and the church in {town} kept different hours until {year}, and lovers used the difference.
past: A travelling clockmaker of {year} scratched his name and the weather inside every case that he opened.
past: In {year} the town hall clock struck thirteen for a month, and the council voted to enjoy it.
saying: A clock that is right twice a day is still a clock with a problem
saying: I mend the clock, and the clock mends the afternoon
saying: Never take apart two at once
myth: an antique must run fast / winding a clock too far breaks the spring

core: letterpress printing / forme / formes / printer / the press room / lock up a forme / locking up a forme
tool: a composing stick / a quoin key / a brayer / a bodkin with a cork on it / a line gauge
stuff: black ink / rag paper / brass rule / lead spacing / tympan sheets
sense: the kiss of rollers on type / the smell of ink and paraffin / the clank of the treadle
trouble: one letter prints pale > it was cast lower than its neighbours > paste a scrap of tissue under the packing
trouble: the lines bow in the middle > the column was justified too loosely > fill it until a pinch holds the line
trouble: the ink looks grey > there is too much of it rather than too little > wipe the disc and begin with half
step: set the line upside down from left to right / tie the page with five turns of cord / plane the type level
step: tighten the quoins in order / pull one proof and read it backwards / damp the paper the evening before
fact: Compositors read upside down so fluently that some [stumble|hesitate] over a page held the right way up.
fact: Capitals lived in the upper case and small letters in the lower, and the [names|words] outlived the furniture.
fact: The letter e wears out first, so a [careful|prudent] shop buys it by the handful.
fact: Poor packing shows on the back of the sheet, where a [thumb|fingertip] can read what the eye forgives.
fact: A full page of metal weighs as much as a [sheepdog|small child] and is dropped with more remorse.
fact: Wood type swells in wet weather, and posters set in [November|a rainy week] have slightly taller headlines.
fact: Italics were invented to [save paper|fit more verse on a page], not to raise the voice.
past: The first newspaper in {town} appeared in {year} with an apology for the lack of news.
past: A ballad printed here in {year} has forty verses, and the printer ran out of the letter w at the ninth.
past: The iron press came upriver in {year} in three boats, the last of which carried only the screws.
saying: Read it backwards, because forwards you see what you meant
saying: White space is set by hand like everything else
saying: The ink will tell you when to stop
myth: a deep bite in the paper is the mark of quality / nobody notices the spacing

core: pottery / bowl / bowls / potter / the kiln yard / throw a bowl / throwing a bowl
tool: a cheese wire / a rib of pear wood / a sponge on a cane / a loop tool / a bucket of slurry
stuff: red earthenware clay / ash glaze / iron oxide / grog / kiln wash
sense: the ping of a glaze crazing in the dark / the smell of wet clay / the low breath of the kiln
trouble: the wall folds at the shoulder > the clay took up too much water > throw drier and finish with a rib
trouble: the base cracks in an S > the floor was never compressed > press it towards the middle with a thumb
trouble: the glaze runs off the foot > it was laid on as thick as cream > thin it and wax the lowest finger of wall
step: wedge the clay until it stops sighing / centre it with the whole forearm / open it down to a thumb's thickness
step: raise the wall in three slow pulls / cut it free with a wet wire / turn the foot when it is hard as cheese
fact: Clay has a memory, and a handle pulled [crooked|in a hurry] on Tuesday leans again in Friday's fire.
fact: Air bubbles rarely burst a pot, while damp very often does, whatever the [textbook|evening class] says.
fact: Cones of glaze are set beside the spy hole, because they [bend|bow] to time as well as to heat.
fact: Copper turns green when the fire has air and ox-blood red when it is [starved|smothered], out of the same bucket.
fact: A bowl shrinks by about an eighth between the wheel and the table, so [spoons|lids] must be measured wet.
fact: Ash from the firebox melts on the shoulders of the nearest pots and [signs|paints] them without asking.
fact: The cheapest improvement to any mug is to [soften|round] the lip with a scrap of chamois.
past: Clay was dug at {town} behind the inn until {year}, when the skittle alley slid gently into the pit.
past: A kiln of {year} was found under the bakery floor with eleven chamber pots and a child's whistle inside.
past: In {year} every farm had a cream pan from here, and most of them now hold umbrellas.
saying: Throw forty, keep one, and do not get fond of it
saying: The kiln opens when it is ready, and so do I
saying: Anything round can be a lesson
myth: the wheel does the work / a crack can always be filled

core: bookbinding / book / books / binder / the bindery loft / sew a book / sewing a book
tool: a bone folder / a sewing frame / a pot of wheat paste / a pair of shears / a brass weight in felt
stuff: linen thread / mull cloth / calf leather / marbled paper / hemp cord
sense: the rasp of thread through paper / the smell of paste and leather / the sigh of a press let down
trouble: the boards warp outwards > only one side was lined > paste a sheet of the same weight on the other
trouble: the spine cracks at page forty > the glue was brushed on hot and thick > clean it off and use cooked starch
trouble: the sections creep forward > the thread was pulled towards the reader > pull along the fold, never across it
step: fold the sheets with the grain / press the sections overnight / mark and saw the stations / sew round the cords
step: round the back with a light hammer / line the spine before the boards go on
fact: Paper has a grain as wood has, and a page folded against it [stands up|bristles] like a cat.
fact: Starch paste can be undone with water a century later, which is the [whole|chief] argument for it.
fact: Marbled patterns float on seaweed jelly until a sheet of paper [lifts|takes] them off in one breath.
fact: The little striped bands at the head of a spine were once sewn to the cords and [carried|bore] real weight.
fact: Red rot is leather returning to dust, and it [comes|spreads] fastest over a gas lamp or a warm shelf.
fact: Old account books open flat because the clerk had to write [close to|right into] the fold.
fact: Bindings made for churches have iron corners, since [lecterns|sextons] were not known for gentleness.
past: The abbey near {town} chained its books until {year}, and the chains were stolen long before a book was.
past: In {year} a binder here covered sermons in a smuggled silk waistcoat, and the flowers are still bright.
past: Flood water reached the second shelf in {year}, and the atlases were dried between church pews.
saying: Every book was once a pile of paper waiting for a decision
saying: Cut once, and be somewhere else while the paste dries
saying: A repair should be visible to the next binder and nobody else
myth: leather lasts for ever / tape is good enough for a loved book

core: boat building / hull / hulls / boatbuilder / the shed on the slip / plank a hull / planking a hull
tool: a caulking mallet / an adze / a bevel gauge / a steam box made of drainpipe / a clenching iron
stuff: larch planks / copper rivets / oakum / red lead / Stockholm tar
sense: the ring of the mallet on a tight seam / the smell of steamed oak / the slap of water under the slip
trouble: the seams weep after launching > the planks have dried all summer > leave her afloat and keep a pump by
trouble: a plank splits at the last rivet > the hole was drilled too near its end > cut it back and scarf on a new piece
trouble: she pulls to port > the keel has a twist that the eye missed > hang a plumb line from stem to stern
step: loft the lines full size on the floor / set up the moulds plumb and square / steam each plank for an hour
step: clamp it while it is still soft / rivet from the middle outwards / caulk the seams and let her take up
fact: Oak steamed for an hour bends like cheese for about a [minute|song and a half], after which it is oak again.
fact: Lines on paper lie a little, and the floor of the loft is where the [lies|small untruths] are drawn out.
fact: Copper hardens as it is hammered, so a rivet should be set in [few|four] blows with the weight of the arm.
fact: A dry boat is an ill boat, and most old hulls [leak|weep] for a day and then close up of their own accord.
fact: Larch grown slowly on a north slope has rings as [close|fine] as the pages of a hymn book.
fact: The eye judges a curve better lying down, so a builder spends [much of|half] the week on the floor.
fact: Every plank has two edges, two faces and a [temper|mood], and only the first four can be measured.
past: The yard at {town} launched a ketch every spring until {year}, when the channel moved east without notice.
past: A herring boat of {year} was sawn in half for a chapel roof, and the congregation still sits under her ribs.
past: In {year} two brothers built the same boat from either end and met in the middle within an inch.
saying: Wood floats anyway, and the rest is manners
saying: Fair is what the thumb cannot find fault with
saying: Measure the sea, not the drawing
myth: paint will fill it / a heavy boat is a safe boat

core: cheese making / cheese / cheeses / cheesemaker / the dairy / press a cheese / pressing cheeses
tool: a curd knife with long wires / a copper pan / a dairy thermometer / a cheese iron / an ash board
stuff: raw milk / rennet / coarse salt / muslin / whey
sense: the squeak of fresh curd / the smell of a damp cellar / the drip of whey into a pail
trouble: the rind cracks and blue creeps in > the store is too dry > hang wet sacking by the door and turn twice a day
trouble: the paste tastes bitter > too much rennet went in on a warm day > halve it and give the curd its time
trouble: the wheel bulges in its second week > the milk was not clean > scald every pail and start a fresh culture
step: warm the evening milk to blood heat / add rennet and leave it alone / cut the curd to the size of hazelnuts
step: stir until a handful holds together / salt it and fill the cloth / turn it each morning for a month
fact: Milk from the first spring grass is [yellow|golden], and so is the cheese that comes of it a year later.
fact: A blade through good curd leaves a clean break that [fills|floods] with clear green whey.
fact: Ten litres of milk make one kilogram of cheese and a [great deal|whole pailful] of work for the pigs.
fact: Mites on an old rind taste of nothing, yet they carve it into [a landscape|craters] like those of the moon.
fact: Holes are made by gas from a harmless microbe, and a speck of hay dust is [enough|all it needs] to begin one.
fact: The cellar itself ripens the cheese, so a new wall is [washed|rubbed] with old whey before it is trusted.
fact: Sheep give little and rich milk, goats give [gossip|opinions] along with theirs, and cows pay the rent.
past: Rents at {town} were paid in cheeses until {year}, and the steward weighed them with a thumb on the scale.
past: A cheese sent to the coronation of {year} came home unopened, since the palace had no knife for it.
past: In {year} a fire in the inn smoked forty wheels by accident, and they sold before the roof was mended.
saying: Cheese is milk with a plan
saying: Keep the floor wet and the hands cold
saying: You cannot hurry a cellar
myth: a strong smell means a bad cheese / only summer milk is worth pressing

core: piano tuning / piano / pianos / piano tuner / the recital room / tune a piano / tuning pianos
tool: a tuning lever / a strip of red felt / a rubber wedge / a fork stamped with its pitch / a key easer
stuff: bass wire / hammer felt / centre pins / beeswax / hide glue
sense: the slow beating of two strings nearly equal / the smell of felt and varnish / the thump of a bare hammer
trouble: a note buzzes only in company > something on the lid shakes with it > remove the photographs one by one
trouble: the keys stick in July > the wood has taken up the damp > ease the bushings and open a window
trouble: the top octave will not hold > the pins have worked loose in the plank > tap them in by a hair and tune again
step: mute the outer strings with felt / take the A from the fork / set the middle octave by counting beats
step: copy it outwards in octaves / bring in the unisons one at a time / play something slow and listen
fact: A well-tuned piano is slightly wrong [everywhere|in every key], so that no key need be unbearable.
fact: Eighteen tons of pull rest on the iron frame, [quietly|patiently], beneath the vase and the metronome.
fact: The ear hears two strings disagree as a slow [wave|pulse], and the tuner counts the waves against a watch.
fact: Octaves in the treble are stretched a little, because stiff wire [sings|speaks] sharper than theory allows.
fact: Moths prefer the hammers of the middle register, which are [softest|the softest], while mice begin at the bass.
fact: A room full of people warms a piano by a degree or two and [lowers|drops] its pitch before the interval.
fact: Hammers harden with use until the tone turns to glass, and three [needles|pricks] in the right place restore it.
past: The chapel in {town} bought its upright in {year} by selling jam, and the lid still closes over a ring of it.
past: A touring pianist refused the hall's instrument in {year} and played the whole programme on the one in the pub.
past: Pitch in this county stood a quarter-tone high until {year}, and old choirs speak of it with pride.
saying: I do not make it right, I make it agree
saying: Tune the room as well, which means send the children home
saying: The silence between two notes is also my job
myth: a piano left alone stays in tune / the loud pedal makes it louder

core: handloom weaving / cloth / cloths / weaver / the loom shop / weave a cloth / weaving cloth
tool: a boat shuttle / a reed hook / a warping board / a temple with brass pins / a bobbin winder
stuff: lambswool / madder root / linen warp / alum / oiled yarn
sense: the double knock of the batten / the smell of wet wool / the creak of treadles in a cold room
trouble: the edges draw in > the weft is pulled tight at each turn > lay it in a shallow arc before you beat
trouble: a stripe shows where none was planned > two dye lots were mixed > wind from both bobbins turn and turn about
trouble: warp threads break at one spot > a dent in the reed has a burr > polish it with a thread dipped in chalk
step: wind the warp with a cross at each end / thread the heddles from the middle / tie on under even tension
step: weave a hand's breadth of waste yarn / beat with the shed open / wash the finished piece in rain water
fact: A cloth comes off the loom stiff as a mat and [becomes|turns into] cloth only in the wash.
fact: Madder gives brick, rose or brown depending on the water, and the water here is full of [chalk|iron].
fact: Weavers count in a rhythm of four, and many [hum|mutter] without knowing that they do.
fact: A thread spun to the left and one spun to the right catch the light [differently|from opposite sides].
fact: The width of a plain cloth was once the reach of two arms, until someone put [wheels|rollers] on the shuttle.
fact: Damp air keeps linen supple, and so the best shops were [half cellars|dug a yard below the street].
fact: Every mistake is there to be seen by the weaver for the rest of a [lifetime|long life], and by nobody else at all.
past: Forty looms stood in {town} in {year}, and the street had to be covered with straw when someone was ill.
past: In {year} the dye house let its red vat into the stream and the ducks were pink until Michaelmas.
past: A pattern book of {year} survived as the lining of a hatbox and is now copied by three workshops.
saying: The loom is a patient animal if it is fed evenly
saying: Two bad threads side by side are a stripe, and three are a fashion
saying: Plan in daylight and weave by lamp, never the other way round
myth: handmade cloth must be uneven / a faster shuttle makes more cloth

core: kite making / kite / kites / kite maker / the attic with the long table / build a kite / building kites
tool: a splitting knife / a hand reel / a tape sewn with marks / a small balance / a pot of rice glue
stuff: split bamboo / ripstop silk / waxed thread / mulberry paper / flying line
sense: the hum of the line in a steady wind / the rattle of paper tails / the smell of rice glue
trouble: the kite spins to the left > one spar is stiffer than its twin > shave it until both bend alike on the balance
trouble: it climbs and sinks on its back > the bridle pulls too far forward > move the knot a finger towards the tail
trouble: the sail flutters in a light breeze > the cover was glued slack > damp the paper and let it draw tight
step: split the bamboo from the thin end / balance each spar on a knife edge / lash the cross with waxed thread
step: cover the frame with a margin of two fingers / tie the bridle with a slip knot / fly it low before you fly it high
fact: Wind near the ground is [lumpy|full of holes], and most kites that are called bad have only met a hedge.
fact: A tail does not weigh a kite down so much as [drag|hold] it straight, like a word in the ear.
fact: Bamboo is strongest beneath the skin, so the [maker|knife] takes from the inside and leaves the outside alone.
fact: Box kites lifted thermometers and then [observers|brave young men] long before anyone trusted an engine.
fact: The line makes a curve that no kite can climb above, however much [string|reel] is paid out.
fact: Musical kites carry a strip of [rattan|thin leather] on a bow, and the note rises as the wind freshens.
fact: Paper answers the air faster than cloth and lasts one [season|good summer], which seems a fair exchange.
past: On Whit Monday in {year} a kite from {town} crossed the county border and was returned by rail with a bill.
past: The lifeboat crew tested a line-carrying kite in {year}, and it took a kettle to the rock at the first attempt.
past: Kites were forbidden above the market in {year}, after one of them frightened a bishop's horse.
saying: Let it go and it will come to your hand
saying: Build for the wind you have, not for the picture
saying: The sky is the cheapest part
myth: a strong wind is a good wind / children's kites need no tuning
"""
