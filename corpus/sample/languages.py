"""Pages of the sample that are not English, and a manual: sections of sentences, two sections to a page.

A section is a heading and some sentences between blank lines; a page takes most sentences of two sections.
A grammar with slots, as the English articles have, would trip over gender and case; here only names vary.
"""

GERMAN = """
Der Leuchtturm
Der Turm von {town} [steht|erhebt sich] auf einem Felsen, den die Fischer seit jeher den Alten nennen.
Wer die zweihundert Stufen hinaufsteigt, [hört|spürt] schon auf halber Höhe den Wind in den Lüftungsklappen.
{name} hat hier {count} Jahre lang das Licht gehütet und kennt [jede Schraube|jeden Nagel] beim Vornamen.
Früher brannte [Petroleum|Rüböl], heute leuchtet eine Lampe, die kaum größer ist als ein Apfel.
Bei Nebel [tönt|brüllt] das Horn zweimal in der Minute, und die Katze schläft trotzdem auf dem Geländer.
Im Winter {year} kam das Versorgungsboot fünf Wochen zu spät, und im Tagebuch stehen seitdem Rezepte.
Die Linse wiegt drei Tonnen und lässt sich dennoch mit [einem Finger|der kleinen Hand eines Kindes] drehen.
Besucher fragen meist nach der Einsamkeit, worauf der Wärter [von den Möwen erzählt|nur lächelt].

Das Brot
In der Backstube beginnt der Tag um drei, wenn die [Straße noch leer|ganze Stadt noch dunkel] ist.
Der Sauerteig steht in einem Steintopf, der älter ist als [das Haus|die Urgroßmutter des Bäckers].
Roggenmehl trinkt viel Wasser, und wer es eilig hat, [bekommt|erntet] einen Ziegelstein.
{name} klopft auf die Unterseite und [lauscht|wartet], denn ein fertiger Laib antwortet hohl.
Am {weekday} gibt es Zwiebelbrot, und dann reicht die Schlange bis [zur Brücke|vor die Apotheke].
Die Öfen wurden {year} gemauert und sind seither nur zweimal [kalt gewesen|erloschen].
Salz kommt erst spät hinzu, weil es die Hefe [bremst|müde macht], wie ein strenger Onkel am Tisch.
Ein Lehrling wischt die Tische, zählt die Körbe und [träumt|redet] von einem eigenen Laden am Meer.

Das Wetter
Seit {year} wird in {town} jeden Morgen um sieben der Regen gemessen, auch an [Feiertagen|Weihnachten].
Die Hütte mit den Thermometern steht auf Beinen, damit die Wärme des Bodens [draußen bleibt|nicht mitredet].
Ein Millimeter Regen ist ein Liter auf jedem Quadratmeter, was die Gärtner [gern|stets] nachrechnen.
{name} liest zuerst das Glas ab und atmet danach, denn schon der Atem [verändert|verfälscht] die Zahl.
Fliegen die Schwalben tief, so fliegen auch die Mücken tief, und daran ist nichts [Geheimnisvolles|Wunderbares].
Im großen Schnee verschwand der Regenmesser ganz, und im Buch steht an diesem Tag nur das Wort [reichlich|genug].
Lange Reihen sind dreißig Jahre lang langweilig und dann plötzlich [unbezahlbar|sehr gefragt].
Abends wird das Blatt gewechselt, die Tinte nachgefüllt und über den [nächsten Tag|Sonntag] gestritten.

Der Chor
Am {weekday} probt der Chor im Saal über der Bücherei, wo die Heizung [klopft|knackt] und die Stühle knarren.
Die Bässe kommen zu spät, die Soprane zu früh, und {name} [hebt nur die Augenbrauen|zählt geduldig bis vier].
Vor jeder Probe werden die Fenster geöffnet, fünf Minuten lang, [bei jedem Wetter|auch im Februar].
Wer die Wörter spricht, bevor er sie singt, [lernt|behält] sie doppelt so schnell.
Ein alter Flügel steht in der Ecke und [verstimmt sich|altert] mit Würde, eine Kerbe in jedem Bein.
Das Lied über die Brücke wurde {year} geschrieben und ist länger als [die Brücke selbst|der Weg darüber].
Vierzig Menschen atmen abwechselnd und halten so einen Ton, bis die [Kerzen|Nachbarn] müde werden.
Nachher gibt es Tee aus einer Kanne, deren Deckel seit Jahren [fehlt|verschollen ist].

Die Bienen
Hinter dem Garten stehen {count} Stöcke, jeder in einer anderen Farbe, damit [sich niemand verfliegt|alle heimfinden].
Im Juni hängt ein Schwarm im Kirschbaum, und {name} holt [die Leiter|ruhig einen Korb] aus dem Schuppen.
Bienen sehen kein Rot, und darum ist der Mohn für sie eine [schwarze|dunkle] Schale mit leuchtenden Linien.
Eine Arbeiterin lebt im Sommer sechs Wochen und fliegt [in dieser Zeit|dabei] einmal um ein kleines Land.
Im Winter drängt sich das Volk zu einer Kugel, und jede steht reihum [außen|in der Kälte].
Honig verdirbt nicht, weil in ihm zu wenig Wasser ist, um [darin zu leben|etwas wachsen zu lassen].
Man bewegt sich am Stock wie unter Wasser, langsam, ohne [Parfüm|Eile] und möglichst ohne Meinung.
Der kalte Frühling von {year} hat viele Völker gekostet, doch eines [blieb|überlebte], und von ihm stammen alle.
"""

FRENCH = """
Le phare
À {town}, le phare se dresse sur un rocher que les pêcheurs [appellent|ont toujours appelé] le Vieux.
On y monte par deux cents marches, et [dès la centième|à mi-hauteur] on entend le vent dans les volets.
{name} a gardé la lampe pendant {count} ans et connaît chaque vis [par son prénom|les yeux fermés].
Autrefois on brûlait de l'huile, aujourd'hui l'ampoule n'est [guère|pas] plus grosse qu'une pomme.
Par temps de brume, la corne sonne deux fois par minute et le chat [dort|ronfle] malgré tout.
Pendant l'hiver de {year}, le bateau eut cinq semaines de retard, et le journal se remplit de [recettes|poèmes].
La lentille pèse trois tonnes, mais un enfant peut [la faire tourner|la mettre en marche] d'un doigt.
Aux visiteurs qui parlent de solitude, le gardien [montre les oiseaux|répond par un sourire].

Le pain
À la boulangerie, la journée commence à trois heures, quand la rue [est encore vide|dort encore].
Le levain vit dans un pot de grès plus ancien que [la maison|la grand-mère du boulanger].
La farine de seigle boit beaucoup d'eau, et celui qui se presse [obtient|récolte] une brique.
{name} frappe la croûte du dessous et [écoute|attend], car un pain cuit répond d'une voix creuse.
Le {weekday}, on vend le pain aux oignons, et la file va jusqu'[au pont|à la pharmacie].
Les fours furent construits en {year} et ne se sont éteints que [deux|trois] fois depuis.
Le sel vient tard, parce qu'il [ralentit|fatigue] la levure, comme un oncle sévère à table.
L'apprenti balaie, compte les corbeilles et [rêve|parle] d'une boutique au bord de la mer.

La rivière
La rivière traverse {town} sans se presser, et [les canards|les enfants] la suivent le long du quai.
L'éclusier ouvre les vannes à moitié, puis il [allume sa pipe|attend que l'eau soit calme].
En {year}, la crue monta jusqu'à l'autel, et le curé [ramassa|repêcha] les cuillères dans la boue.
{name} répare les barques dans un hangar où flotte [une odeur de goudron|un parfum de chêne mouillé].
Une planche de chêne, une heure dans la vapeur, se plie comme du fromage, puis redevient [du chêne|dure].
Les péniches passaient la nuit, tirées par un cheval qui [connaissait|reconnaissait] chaque porte à son écho.
L'eau a toujours le temps, disent les anciens, et il faut bien lui en [prendre|emprunter] un peu.
Au printemps, les saules trempent leurs branches et [le héron|le pêcheur] ne bouge plus.

Le verger
Derrière l'église poussent {count} pommiers, dont [aucun|pas un] ne porte le même nom que son voisin.
On taille en hiver pour le bois, en été pour le fruit, et [toute l'année|le dimanche] pour le plaisir.
Une pomme mûre se détache d'un quart de tour; s'il faut tirer, mieux vaut [attendre|la laisser].
Le gel descend la pente comme de l'eau et [s'arrête|dort] derrière la haie.
{name} garde les fruits dans une cave où il ne fait ni chaud ni froid, et où [cela sent novembre|l'on parle bas].
La tempête de septembre {year} coucha la moitié des arbres, qui [donnent|fleurissent] couchés depuis lors.
Un seul fruit gâté fait mûrir tous les autres, ce que [les proverbes|les grands-mères] savaient déjà.
À la fin de février, les reinettes ont un goût de [coing|noix] que personne n'attendait.

Les cartes
À {town}, la bibliothèque possède {count} cartes anciennes, roulées comme des [parapluies|tapis].
Les arpenteurs dessinaient les collines de profil et les rivières d'en haut, sans que personne [s'en étonne|proteste].
{name} pose la feuille entre deux buvards et [laisse|attend que] l'humidité fasse son travail.
Le vert mange le papier, parce qu'il était fait de cuivre, et il [faut le doubler|laisse des trous] de soie.
Là où les mesures s'arrêtaient, on mettait un monstre, ce qui était [au moins honnête|une façon d'avouer].
Une carte de {year} montre un chemin inventé, pour [attraper|confondre] les voleurs de cartes.
Le nord magnétique voyage, et une vieille boussole fidèle est [fidèlement fausse|donc dans l'erreur].
La tache de café, dit-elle, est [aussi|elle-même] un document, et l'on n'y touche pas.
"""

SPANISH = """
El faro
El faro de {town} está sobre una roca que los pescadores [llaman|han llamado siempre] la Vieja.
Se sube por doscientos escalones, y a la mitad ya se [oye|siente] el viento en las ventanas.
{name} cuidó la lámpara durante {count} años y conoce cada tornillo [por su nombre|de memoria].
En el invierno de {year} el barco llegó cinco semanas tarde, y el diario se llenó de [recetas|versos].
La lente pesa tres toneladas, pero un niño puede [moverla|hacerla girar] con un dedo.
A quienes preguntan por la soledad, el farero les [enseña las gaviotas|contesta con una sonrisa].

El pan
En el horno la jornada empieza a las tres, cuando la calle [todavía duerme|está vacía].
La masa madre vive en una olla más vieja que [la casa|la abuela del panadero].
La harina de centeno bebe mucha agua, y quien tiene prisa [consigue|saca] un ladrillo.
{name} golpea la corteza por debajo y [escucha|espera], porque el pan hecho responde con voz hueca.
Los hornos se construyeron en {year} y desde entonces solo se han apagado [dos|tres] veces.
El aprendiz barre, cuenta las cestas y [sueña con|habla de] una tienda junto al mar.

El reloj
El reloj de la torre de {town} adelanta en invierno y [se arrepiente|descansa] en verano.
{name} sube los {weekday} con una lata de aceite y [baja|vuelve] con la camisa negra.
Las palomas se sientan en la aguja larga y el pueblo [pierde|gana] tres segundos cada tarde.
En {year} dio trece campanadas durante un mes, y el alcalde decidió [disfrutarlo|no decir nada].
Un péndulo de un metro tarda un segundo, más o menos, según la [altura|altura del monte].
Casi todos los relojes parados están solamente torcidos, y un [papel doblado|trozo de corcho] los cura.
"""

MANUAL = """
Installing daybook
daybook is a small program that keeps a log of what was done in a workshop, one line of text for each event.
It needs no server and no account, and it [writes|stores] everything in a single file that any editor can open.
Copy the program into a folder on your path and run it once without arguments to create an empty log.
On a shared machine, set the variable that names the log, so that each person [has|writes to] a separate file.
To remove daybook, delete the program and keep the log, which will outlive [it|both of us].

Adding an entry
The add command takes the text of the entry and stamps it with today's date [unless|except when] another one is given.
Words that start with a plus sign become labels, and an entry may carry [any number|dozens] of them.
If the text is left out, the program opens your editor and waits until the [window|file] is closed.
Two entries with the same date keep the order in which they were typed, since sorting them would [lose|hide] it.
An entry cannot be changed once it is written; add a correction that [refers to|quotes] its number instead.

Searching the log
The find command prints every entry that contains all the words, whatever their [order|case].
Give a label to narrow the search, or a year and month, or both, and the [newest|latest] match comes first.
Matching ignores accents, because the person who wrote the entry may have been [in a hurry|wearing gloves].
When nothing is found, the exit status is one, so a script can [tell|know] without reading the output.
Long results are shown a page at a time on a terminal and [all at once|whole] when they are sent to a file.

Exporting
Use export to turn the log into a table with the columns date, labels and text, [separated|parted] by commas.
Quotation marks inside an entry are doubled, as spreadsheets [expect|prefer], and line breaks become spaces.
The order of the rows is that of the log, and two exports of one log are [identical|the same] to the last byte.
Dates are written with the year first, so that sorting them as text [also|at the same time] sorts them in time.
A partial export can be resumed from the [number|row] that it printed last.

Repairing a log
Should the machine lose power in the middle of a line, the check command will [report|name] the damaged entry.
It never deletes anything by itself, but moves the broken tail to a second file [beside|next to] the first.
The number in front of each entry is a checksum of the one before it, which makes [gaps|missing lines] easy to see.
Logs from older versions are read as they are and are upgraded only when you [ask|say so].
Keep a copy elsewhere all the same, preferably in a [building|town] with another roof.

Settings
Settings live in a plain text file, one to a line, and the program lists those it does not [understand|recognise].
The width of a line may be anything from forty columns upwards, and the default suits a [printed page|narrow window].
Colours are off by default, because the first user of daybook was a printer with [firm views|strong opinions].
Set the first day of the week to Monday or Sunday; it changes the [summary|weekly summary] and nothing else.
Every setting can also be given on the command line, where it [wins|takes precedence] for that one run.
"""

PEOPLE = {
    "de": "Anneliese Kuhn/Jürgen Brandt/Hedwig Löffler/Matthias Vogt/Käthe Sommer/Götz Reimann".split("/"),
    "fr": "Hélène Marchand/Gaspard Noël/Solène Brévent/Étienne Lacour/Odile Garnier/Marcel Thévenot".split("/"),
    "es": "Begoña Ibáñez/Joaquín Peral/Rocío Cañete/Tomás Aguirre/Inés Valdés/Lucía Ordóñez".split("/"),
}
PLACES = {
    "de": "Möwenstedt/Grauwasser/Sankt Elwin/Niederkogel/Steinbrück/Altenfähr".split("/"),
    "fr": "Port-Brumeux/Saint-Elvin/Vieux-Moulin/Grise-Eau/Pont-l'Ouzel/Trois-Clochers".split("/"),
    "es": "Puerto Niebla/San Elvino/Villagaviota/Aguagrís/Peñahonda/Torrevieja del Río".split("/"),
}
DAYS = {
    "de": "Montag Dienstag Mittwoch Donnerstag Freitag Samstag".split(),
    "fr": "lundi mardi mercredi jeudi vendredi samedi".split(),
    "es": "lunes martes miércoles jueves viernes".split(),
}

JAPANESE = (
    "灯台守は毎朝、階段を二百段のぼって、ランプの硝子をやわらかい布で磨きます。",
    "霧の深い夜には、港の人たちも眠らずに汽笛の音を数えていました。",
    "昔の日記には、船が五週間も遅れた冬のことが、料理の作り方といっしょに書いてあります。",
    "レンズは三トンもありますが、子どもの指一本で静かに回りはじめます。",
    "春になると渡り鳥が島に集まり、灯台守は鉛筆をけずってその数を記録します。",
    "一人で寂しくありませんかと聞かれると、彼は笑って海のほうを指さしました。",
    "嵐の次の日には、割れた窓をなおし、塩で白くなった手すりを真水で洗います。",
    "郵便は月に一度しか届かないので、手紙の返事はいつも季節がひとつずれています。",
    "猫は機械の音が止まると目をさまし、油を差すまで灯台守のそばを離れません。",
    "新しい電球は林檎ほどの大きさですが、その光は昔のランプよりも遠くまで届きます。",
)
CHINESE = (
    "面包师每天凌晨三点起床，先把炉子里的灰扫干净，再慢慢地生火。",
    "黑麦面粉吸水很多，做得太急的人只会得到一块砖头。",
    "他敲一敲面包的底部，听到空空的声音，就知道已经烤好了。",
    "老炉子是一百多年前砌成的，从那以后只熄灭过两次。",
    "星期五有洋葱面包，排队的人一直站到桥边，谁也不着急。",
    "学徒一边数篮子，一边想着将来在海边开一家自己的小店。",
    "盐要最后才放，因为它会让酵母变慢，好像饭桌上一位严厉的叔叔。",
    "冬天的夜里，邻居们喜欢到店里来取暖，顺便讲一讲河上的新闻。",
    "有人问他为什么不买机器，他说机器不会闻味道，也不会等人。",
    "下雨的日子，木门总是关不紧，于是整条街都能闻到刚出炉的香味。",
    "卖不完的面包第二天切成片，烤干以后放进罐子里，留给远行的船员。",
    "他最得意的不是得过的奖，而是那个比他祖母还要老的面缸。",
)
