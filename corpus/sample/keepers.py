"""Vocabulary of the sample's articles about things that are watched and kept.

The keys and their meaning are those of `corpus.sample.makers`.
"""

KEEPERS = """
core: lighthouse keeping / lamp / lamps / keeper / the lamp room / tend a lamp / tending a lamp
tool: an oil can / a chamois leather / a brass screwdriver / a spirit level / a pair of smoked spectacles
stuff: paraffin / lens polish / lamp wick / fresh water / soda
sense: the slow tick of the turning gear / the boom of the swell under the rock / the smell of warm brass
trouble: the flash comes late > the mercury bath has gathered dirt > strain it through leather and time ten turns
trouble: the panes mist over at dusk > the lower vents were left shut > open them on the lee side and wait
trouble: birds gather on the gallery > low cloud has hidden the stars from them > leave the blinds down until it lifts
step: wind up the weights / trim the wick square / wipe the lens from the centre outwards / draw back the curtains
step: light it a quarter of an hour before sunset / write the hour and the wind in the book
fact: Every light has its own rhythm, so a sailor who can [count|count to twenty] knows which coast he sees.
fact: The great lens floats in mercury and weighs three tons, yet a [child|finger] can set it turning.
fact: Curtains are drawn by day because the lens, which sends light out, would [gladly|happily] set the stairs on fire.
fact: Salt dries on the outer glass in a night, and a dirty pane [costs|takes] two miles of range.
fact: Fog swallows sound in patches, so a horn may be [loud|clear] at five miles and silent at two.
fact: A candle placed in the middle of the lens can be seen from the [harbour|mainland] on a clear evening.
fact: The height of the tower decides how far the light may travel before the [sea|earth] curves away beneath it.
past: The first light at {town} was a coal fire in a basket, and its keeper burned eleven tons in a hard winter.
past: In {year} the relief boat was five weeks late, and the log for the fifth week consists of recipes.
past: Three sisters kept the tower through the winter of {year} and asked afterwards for the wages of one man.
saying: The lamp does not know that it is Sunday
saying: You keep the glass, and the glass keeps the ships
saying: One polishes for somebody one will never meet
myth: keepers grow strange with solitude / a brighter lamp is always seen from further off

core: tide reckoning / tide table / tide tables / tide clerk / the gauge hut / rule a tide table / ruling tide tables
tool: a brass tide pole / a pair of dividers / a harmonic slide rule / a float on a chain / a tin of soft pencils
stuff: squared paper / barometer oil / harbour gossip / blotting paper / red ink
sense: the gulp of water in the stilling well / the scratch of the pen on the drum / the reek of weed at low water
trouble: the sea comes up a foot too high > the barometer has dropped all day > add a centimetre for each millibar lost
trouble: the pen draws a straight line > the float has settled in the mud > lift it by its chain and flush the well
trouble: high water is late by twenty minutes > the river is in spate > ask upstream before you correct the sums
step: read the pole on the hour / note the wind beside it / find the age of the moon / look up the constants of the port
step: add the pull of the sun to that of the moon / rule off the page when it agrees with the pier
fact: Spring tides have nothing to do with the season; they [leap|spring] up two days after each full and new moon.
fact: The moon crosses the sky fifty minutes later each day, and the sea [follows|keeps] her timetable, not ours.
fact: A funnel-shaped bay gathers the wave as it narrows, which is how a foot of tide [becomes|makes] a house of it.
fact: Some harbours have four high waters a day, because the wave arrives by [both sides of an island|two doors].
fact: The old brass predictors added thirty wheels on one wire and [drew|wrote] a year of tides in an afternoon.
fact: At slack water a dropped cork stays where it is for about as long as it takes to [eat|peel] an orange.
fact: Tables state what the heavens do; the [weather|wind] has the right to add or subtract a foot.
past: The parson of {town} chalked high water on the church door from {year} onwards and missed it only twice.
past: In {year} the sea entered the customs house and floated the petty cash as far as the bowling green.
past: A printed almanac of {year} gave the wrong port, and for one season every cockle cart went out to meet the flood.
saying: The sea is punctual, and it is people who are early
saying: Trust the table, but look out of the window
saying: Nobody ever hurried the moon
myth: every seventh wave is the biggest / the tide always takes six hours

core: map mending / map / maps / map keeper / the plan room / mend a map / mending maps
tool: a flat brush of goat hair / a magnifier on a stand / a bone spatula / a sheet of blotting felt / a weighted snake
stuff: wheat starch / mulberry tissue / cotton gloves / distilled water / chalk
sense: the dry whisper of a sheet unrolled / the smell of cellar and tobacco / the patter of rain on the skylight
trouble: the green has eaten through the paper > it was mixed from copper > back it with tissue and keep it flat and dry
trouble: a sheet will not lie flat > it has been rolled since it was drawn > humidify it slowly between damp felts
trouble: the ink feathers along a road > it was wetted before it was tested > try one corner with a damp swab first
step: brush away the loose soot / photograph both sides / test each colour with water / float it off its canvas
step: line it with tissue a little larger than itself / dry it under boards for a week
fact: Surveyors drew the hills from the side and the rivers from above, and nobody [found|thought] it odd.
fact: Early charts put monsters where the [soundings|measurements] stopped, which is at least honest about ignorance.
fact: A mapmaker might invent one small lane, so that a thief who copied the sheet would [copy|steal] the lane as well.
fact: The scale is the last thing one reads and the first that one [ought to|should] have read.
fact: Magnetic north wanders by several miles a year, so a faithful old compass rose is now [faithfully|exactly] wrong.
fact: Field names such as Hungry Piece and Labour in Vain [preserve|record] the opinions of whoever had to plough them.
fact: Paper made of rags outlives paper made of wood by [two centuries|many lifetimes], as old linen outlives newsprint.
past: The enclosure plan of {town} was pinned to the inn wall in {year}, where arguments have left beer on three farms.
past: A surveyor of {year} drowned his instruments in the bog, finished by pacing, and was out by nine yards.
past: In {year} the railway bought the wrong valley because two sheets had been trimmed before they were joined.
saying: A map is a promise made by somebody with wet feet
saying: Do as little as you can and write down all of it
saying: The coffee ring is also a document
myth: old maps are wrong because people knew less / a tear can be mended with ordinary tape

core: choir leading / rehearsal / rehearsals / choir leader / the parish hall / lead a rehearsal / leading a rehearsal
tool: a pitch pipe / a soft pencil / a music stand with a bent leg / a tin of lozenges / a stopwatch
stuff: sheet music / hot lemon / floor wax / borrowed scores / weak tea
sense: the rustle of forty folders / the small silence before an entry / the hum of the hall after a last chord
trouble: the pitch sinks through the slow verse > the breaths are too shallow > mark a breath before the sagging phrase
trouble: the basses drag > they listen to themselves rather than to the words > let them speak the line in rhythm first
trouble: the last page falls apart > it is always practised last and tired > begin the evening there for a fortnight
step: open the windows for five minutes / hum a single note until it is one / speak the words without the tune
step: add the tenors to the altos / sing the hard bar at half speed / stop while it still gives pleasure
fact: A choir goes flat in [damp|heavy] weather and blames the organ, which has gone sharp.
fact: Singers who stand among the other voices learn their part [better|more surely] than those in a block.
fact: Vowels carry the tune and consonants carry the [meaning|time], so a mumbled text is also a late one.
fact: Forty people breathing at different moments can hold a note for as long as the [candles|neighbours] last.
fact: Hearts in a choir have been found to slow and quicken [together|as one] on long phrases.
fact: The alto line is often three notes and [endless|a great deal of] tact, and everything falls down without it.
fact: A warm hall swallows the high notes and a stone one returns them [twice|a second later], on the wrong beat.
past: The glee club of {town} admitted women in {year}, having run out of men who could count to five.
past: In the great fog of {year} they rehearsed by memory and were told it was the best they had ever sounded.
past: An anthem written for the new bridge in {year} was longer than the bridge took to cross, and twice as heavy.
saying: Watch me for the beginning and each other for the rest
saying: Softer does not mean slower
saying: If you cannot hear your neighbour you are the problem
myth: some people are born without an ear / louder singing covers mistakes

core: beekeeping / hive / hives / beekeeper / the honey shed / open a hive / opening hives
tool: a hive tool / a smoker with a patched bellows / a goose wing / a queen cage / a bucket with a tap
stuff: beeswax / sugar syrup / dry hessian / foundation / clover honey
sense: the roar of a hive just opened / the smell of smoke and propolis / the rain of wings at noon
trouble: the bees hang in a beard at the door > the brood nest has no room left > give them a box of empty comb
trouble: one stock robs its neighbour > honey was spilt between them > narrow the weaker entrance to one bee's width
trouble: the comb melts at the edge > the roof has stood in full sun > raise it on corks and plant something tall
step: light the smoker with hessian / stand to one side of the entrance / puff twice and wait for a minute
step: lift the outer frame first / look for eggs rather than for the queen / close up before they lose patience
fact: A worker in summer lives six weeks and flies about as far as [twice|once] around a small country.
fact: Bees see ultraviolet and no red, so a poppy is to them a [black|dark] cup with shining lines.
fact: The dance on the comb tells the [direction|bearing] by the angle to the sun and the distance by its length.
fact: Honey does not spoil, because it has too little water for anything to [live|grow] in it.
fact: In winter the colony makes a ball and shivers, and each bee takes her [turn|watch] on the cold outside.
fact: A swarm is the mildest of crowds, since it has eaten well and has nothing [to defend|left to guard].
fact: Twelve bees in their whole lives make one [teaspoonful|teaspoon] between them, a thing to remember at breakfast.
past: At {town} the bees were told of every death in the house, and in {year} somebody forgot, and they left.
past: A sermon of {year} praises the hive for its obedience, by a man who had plainly never opened one.
past: The cold spring of {year} killed nine stocks in ten, and the tenth is said to be the mother of all those here now.
saying: Move as if you were under water
saying: They were here before the garden and they will tell you so
saying: Take what they can spare, and then put half of it back
myth: bees can smell fear / the queen gives the orders

core: orchard keeping / apple tree / apple trees / orchard keeper / the fruit store / prune a tree / pruning trees
tool: a grafting knife / a three-legged ladder / a pruning saw / a canvas picking bag / a tin of grafting wax
stuff: raffia / lime wash / wood ash / scion wood / cider vinegar
sense: the smell of the fruit store in November / the thump of windfalls at night / the humming in the crown in May
trouble: the crop comes every other year > they set too much in the good ones > thin the clusters to one by midsummer
trouble: the bark splits on the south side > the winter sun has woken it too early > paint the trunk white in autumn
trouble: the leaves curl in June > ants have brought their greenfly > tie a greased band around the stem
step: take out the dead wood first / open the middle so that a hat may be thrown through / cut just above a bud
step: step back after each branch / leave the spurs alone / burn what is sick and keep the rest for pea sticks
fact: A pip never grows into its mother's [fruit|kind], so each named apple is one tree moved from graft to graft.
fact: A ripe apple lifts from its spur with a [quarter turn|half twist], and if it must be pulled it should be left.
fact: Frost flows downhill like water and [lies|pools] behind a hedge, which is why the gap at the bottom matters.
fact: One rotten fruit gives off a gas that [ripens|hurries] all its neighbours, as proverbs knew before chemistry did.
fact: Bees prefer pears last, so a [wise|sensible] planting puts the pears upwind and closest to the hives.
fact: Old trees bear on old wood, and a hard winter pruning [brings|calls up] a forest of shoots with nothing on them.
fact: Keeping apples taste of little in October and of [everything|quinces and nuts] by the end of February.
past: The monks near {town} listed sixteen sorts in {year}, of which two can still be found and one is worth it.
past: A September gale in {year} laid down half the trees, and they have borne lying on their sides ever since.
past: In {year} the whole crop went by barge to the jam works, and the orchard was paid partly in jam.
saying: Prune in winter for wood and in summer for fruit
saying: Plant pears for your heirs and be polite to your heirs
saying: A tree has time, so borrow some of it
myth: moss on the trunk kills a tree / the biggest apples are the best

core: lock keeping / lock / locks / lock keeper / the hut by the gates / work a lock / working a lock
tool: a windlass / a long boat hook / a keb for clearing weed / a gauge board / a grease gun
stuff: puddling clay / gate tar / oak wedges / ash and horsehair / mooring rope
sense: the rumble of paddles going up / the smell of wet oak / the trickle through the bottom gates
trouble: the chamber will not quite fill > a paddle is hung up on a branch > drop it, rake, and draw it again slowly
trouble: a boat hangs on the sill > it was let back too far while the water fell > shut the paddles before you shout
trouble: the pound above runs dry by morning > somebody left a gate ajar > walk it at dusk with a lantern
step: look both ways for boats / close the lower gates and drop their paddles / draw the ground paddles half way
step: hold the boat forward on its line / wait for a level before leaning on the beam / leave it all as you found it
fact: Nobody can open a gate against even an inch of water, and everybody [tries|has tried].
fact: The gates meet in a blunt arrow pointing uphill, so the water itself [presses|holds] them shut.
fact: A narrow chamber uses thirty thousand gallons for one boat, and they are gone for [ever|good] down the hill.
fact: Side ponds save half of a lockful by [catching|keeping] the upper part for the next boat.
fact: Canals were lined with clay trodden by [cattle|a herd of bullocks], who were driven to and fro until it held.
fact: Ice was broken by a crew rocking an iron boat from side to side, [which|a job that] warmed at least the crew.
fact: Reservoirs on the summit decide how long the [season|summer] lasts, whatever the brochure may promise.
past: The flight at {town} was dug by hand in two winters, and the number of spades bought is known but not of men.
past: In {year} a breach emptied nine miles overnight, and the vicar walked the bed picking up spoons.
past: Coal boats worked through here by night until {year}, with a horse that knew each gate by its echo.
saying: Water always has the time, so take some of it
saying: Close it behind you, whoever you are
saying: A windlass left on the spindle is a hammer waiting for a head
myth: canals do not have a current / two boats use twice the water

core: weather observing / reading / readings / observer / the instrument screen / take a reading / taking readings
tool: a whirling psychrometer / a copper rain gauge / a sunshine ball / a minimum thermometer / a cloud mirror
stuff: muslin / recording charts / rain water / burnt cards / violet ink
sense: the snap of the little door / the smell of rain on a hot road / the whirr of the cups overhead
trouble: the night minimum looks too warm > the door faces the afternoon sun > turn the screen north and start afresh
trouble: the gauge reads nothing after a wet night > a leaf lies across the funnel > pour in a glass to prove it
trouble: wet and dry bulbs agree in a drought > the muslin has dried out > fill the bottle and wait a quarter of an hour
step: read the dry bulb before you breathe on it / set the minimum back / hold the glass at the level of the eye
step: judge the cloud in eighths / name the wind by where it comes from / write it down before you discuss it
fact: The grass may freeze while the thermometer at head height reads [four|three] degrees above it.
fact: A glass ball burns a brown line on a card, and the gaps in the line are the day's [clouds|shadows].
fact: Rain is measured as a depth, and one millimetre is a [litre|jugful] on every square metre of the parish.
fact: Swallows fly low because their [insects|dinners] do, and the insects because the air is damp.
fact: Hailstones are built in layers like onions, one for each [trip|journey] through the cloud.
fact: Long records are dull for thirty years and then [suddenly|quite suddenly] beyond price.
fact: Mackerel sky means a change within the day, though not what the [change|new weather] is going to be.
past: The rectory at {town} has measured its rain since {year}, with a gap of one week for a wedding.
past: In the hot June of {year} the ink dried in the pen, and the temperatures were recorded in blackberry juice.
past: The great snow of {year} buried the gauge itself, and it is entered as plenty.
saying: Nobody remembers the weather, which is why we write it down
saying: There is no such thing as normal, only average
saying: Read it as it is, not as it was yesterday
myth: a red sky at night never fails / it can be too cold to snow

core: dry stone walling / wall / walls / waller / the gap on the hill / put up a wall / putting up walls
tool: a walling hammer / a batter frame / a ball of hairy string / a crowbar / a pair of split gloves
stuff: sandstone / hearting / throughs / cope stones / bracken
sense: the knock of stone settling on stone / the smell of struck flint / the wind whistling in a new gap
trouble: a belly swells on the lower side > the middle was filled with earth > strip it out and pack it with small stone
trouble: the cope is off every spring > sheep have learned the low place > set it upright and pin it with slivers
trouble: frost opens the same yard again > a spring rises under it > leave a drain at the foot, wide as a lamb
step: sort the stone before you lift any / dig down to something firm / lay the length of each stone into the wall
step: break every joint with the stone above / fill the heart as carefully as the face / set the throughs at knee height
fact: One over two and two over one is the whole [law|grammar], and all collapses are exceptions to it.
fact: A stone once picked up should be [used|laid], for the wall has a place even for ugly ones.
fact: Two faces lean together on a rubble heart, and long throughs [tie|stitch] them like buttons on a mattress.
fact: Wrens, weasels and slow-worms [lodge|live] in the dry middle, rent free and mostly unseen.
fact: The lichen on the cope grows a millimetre a year, which [dates|betrays] a repair for a century.
fact: Wind passes through a dry wall and loses its temper, whereas a solid one [throws|tosses] it over upon the lambs.
fact: A good pair puts up five metres in a day and lifts about twelve tons [to do it|without speaking of it].
past: The long enclosure above {town} went up in {year} at eight shillings a rood, with beer.
past: In {year} lightning ran along forty yards of it and left each stone exactly in its place and warm.
past: A child's shoe and a clay pipe were found in the heart of the boundary wall of {year}, clearly on purpose.
saying: The stone you want is under the one you are standing on
saying: Do not look for a stone that fits, look for the place that fits the stone
saying: Build it as if the ewe had read your notes
myth: mortar would make it last / any heap of stones will do

core: signalling / lever frame / lever frames / signaller / the junction box / work a lever frame / working the levers
tool: a duster for the levers / a block bell / a hand lamp with three glasses / a train register / a can of thin oil
stuff: signal wire / lamp oil / detonators / brass polish / strong tea
sense: the ding of the block bell / the slam of a lever home / the singing of wires in frost
trouble: a signal stays at danger > the wire has shrunk in the frost > take up the slack at the adjuster and pull again
trouble: the points will not lock > a stone from the ballast lies in the blade > send the ganger with a broom
trouble: the bell gives one beat too few > somebody next door has a heavy glove > ask again and enter both in the book
step: answer the bell before you move / give the line to the next box / set the points and then the signal
step: pull with the legs rather than the arms / watch for the tail lamp / put everything back behind the train
fact: The tail lamp proves that the whole train has [passed|gone by], and a signaller learns to look for what is absent.
fact: Levers are held with a cloth because the sweat of a hand [rusts|marks] polished steel by the next shift.
fact: Beneath the floor lies a bed of sliding bars that [forbids|makes impossible] every dangerous combination.
fact: The bell codes are a small language, in which [four|three] beats ask a question and the same number says yes.
fact: Distant signals stood a mile out, and the arm was pulled by [wire|one long wire] and a well-placed boot.
fact: Time in the register is written to the half [minute|of a minute], and has settled many arguments with passengers.
fact: One staff for each single line means one train, since nobody may [enter|go in] without it in the hand.
past: A slow goods stood outside {town} for nine hours in the fog of {year}, and the crew were fed over the fence.
past: The company saved on lamp oil in {year}, until the directors' own saloon stopped in a tunnel to wait for matches.
past: In {year} a swan delayed the mail by walking to the next station between the rails, with due dignity.
saying: If in doubt, everything at danger and the kettle on
saying: The book first and the opinion afterwards
saying: A quiet shift is somebody's good work
myth: signals are only for the drivers / an empty line is a safe line

core: bird counting / count / counts / counter / the hide on the sea wall / make a count / making counts
tool: a telescope on a tripod / a clicker / a notebook that shuts with elastic / a folding stool / a tide card
stuff: dubbin / dry socks / ring numbers / peppermint / pencil lead
sense: the whistle of curlew over the mud / the rush of a flock turning / the creak of the shutter
trouble: the flock lifts before it is finished > someone has crossed the skyline > sit down and begin again at the left
trouble: two counters disagree by a thousand > one has counted the flock as it flew in > halve it and note the doubt
trouble: the far bank shows nothing at all > the heat is making the air boil > come back with the sun behind you
step: be seated before the water turns / divide the mud into fields of view / count ten birds and learn the size of ten
step: lay that ten across the flock / read the colours of the rings / write the gaps down as honestly as the birds
fact: A knot that winters here may have hatched [closer|nearer] to the pole than any village stands.
fact: Large flocks are nearly always guessed too low, and by the same [person|observer] by the same amount.
fact: Dunlin turn together because each [follows|watches] seven neighbours and no one leads.
fact: Oystercatchers inherit their trade: hammerers are [raised|taught] by hammerers and prisers by prisers.
fact: The rising water works like a broom, sweeping the birds up the mud until they [stand|crowd] shoulder to shoulder.
fact: Geese sleep with half of the brain at a time, and the bird at the [edge|end of the row] keeps the outer eye open.
fact: Zero is a number and must be [written|entered], or in ten years nobody will know that anyone had looked.
past: The wildfowlers of {town} kept the first lists in {year}, chiefly to know what was for dinner.
past: A hard frost in {year} drove eleven thousand larks along the shore, and the school was let out to see them.
past: In {year} a single avocet was reported, disbelieved, stuffed, and finally admitted.
saying: Count first and admire afterwards
saying: The best bird is the one you can be sure of
saying: The tide will bring them, if you are where it is going
myth: birds go south because of the cold / a flock has a leader

core: crossword setting / puzzle / puzzles / setter / the back room of the reading club / set a puzzle / setting puzzles
tool: an empty grid / a soft rubber / a dictionary without its covers / a card index of clues / a very sharp pencil
stuff: squared paper / synonyms / cold toast / Latin roots / anagram tiles
sense: the scratch of a rubber / the groan of an editor laughing / the rattle of tiles in a tobacco tin
trouble: the last corner refuses to fill > the long word was chosen for love > give it up and keep it for another week
trouble: solvers write that a clue has two answers > the crossing letters leave a choice > change the grid, not the clue
trouble: the answer leaps out at once > the definition sits bare at the front > hide it behind an innocent verb
step: black out the squares in half-turn symmetry / place the long entries first / fill the awkward corners first
step: write the clue in pencil / leave it alone overnight / have someone solve it who does not like you
fact: A fair clue says exactly what it means, though it need not [mean|seem to mean] what it says.
fact: Every letter that is crossed is a [gift|small mercy] to the solver, and too many gifts spoil a party.
fact: The word with the most anagrams is never the one that will [fit|go in], as all setters know by Thursday.
fact: Symmetry in a grid has no [use|purpose] whatever, and readers complain within the hour if it is missing.
fact: Good surfaces tell a story about [cricket|a vicar] while the machinery beneath them is taking a word to pieces.
fact: Solvers remember a bad plural for [years|a decade] and a brilliant pun until the kettle boils.
fact: Clues age like fish, especially those with [politicians|famous footballers] in them.
past: The paper at {town} ran its first grid in {year} on the page for lost umbrellas, and the umbrellas moved.
past: A prize puzzle of {year} was insoluble by accident, and two hundred correct answers were received.
past: In {year} a setter proposed marriage in twelve across, and was accepted by the wrong reader.
saying: The solver must lose slowly and then win
saying: If you have to explain it, it goes in the drawer
saying: Be cruel to the words and kind to the reader
myth: hard words make a hard puzzle / machines do it better now
"""
