"""The words of the word game, written for this course: real English words, regular and irregular.

A table has one line a word: the word, then one form for each relation in its heading; "-" where
English has none in use. ``opposite`` goes both ways, so both words of a pair stand in the table.
"""

ADJECTIVES = """
word      opposite  comparative superlative adverb
hot       cold      hotter      hottest     hotly
cold      hot       colder      coldest     coldly
wet       dry       wetter      wettest     -
dry       wet       drier       driest      drily
old       new       older       oldest      -
new       old       newer       newest      newly
big       small     bigger      biggest     -
small     big       smaller     smallest    -
long      short     longer      longest     -
short     long      shorter     shortest    shortly
high      low       higher      highest     highly
low       high      lower       lowest      -
fast      slow      faster      fastest     -
slow      fast      slower      slowest     slowly
strong    weak      stronger    strongest   strongly
weak      strong    weaker      weakest     weakly
hard      soft      harder      hardest     -
soft      hard      softer      softest     softly
heavy     light     heavier     heaviest    heavily
light     heavy     lighter     lightest    lightly
bright    dim       brighter    brightest   brightly
dim       bright    dimmer      dimmest     dimly
thick     thin      thicker     thickest    thickly
thin      thick     thinner     thinnest    thinly
wide      narrow    wider       widest      widely
narrow    wide      narrower    narrowest   narrowly
deep      shallow   deeper      deepest     deeply
shallow   deep      shallower   shallowest  shallowly
rich      poor      richer      richest     richly
poor      rich      poorer      poorest     poorly
loud      quiet     louder      loudest     loudly
quiet     loud      quieter     quietest    quietly
clean     dirty     cleaner     cleanest    cleanly
dirty     clean     dirtier     dirtiest    dirtily
smooth    rough     smoother    smoothest   smoothly
rough     smooth    rougher     roughest    roughly
sharp     dull      sharper     sharpest    sharply
dull      sharp     duller      dullest     dully
tight     loose     tighter     tightest    tightly
loose     tight     looser      loosest     loosely
warm      cool      warmer      warmest     warmly
cool      warm      cooler      coolest     coolly
happy     sad       happier     happiest    happily
sad       happy     sadder      saddest     sadly
kind      cruel     kinder      kindest     kindly
cruel     kind      crueller    cruellest   cruelly
wise      silly     wiser       wisest      wisely
silly     wise      sillier     silliest    -
proud     humble    prouder     proudest    proudly
humble    proud     humbler     humblest    humbly
early     late      earlier     earliest    -
late      early     later       latest      lately
good      bad       better      best        well
bad       good      worse       worst       badly
fresh     stale     fresher     freshest    freshly
stale     fresh     staler      stalest     -
full      empty     fuller      fullest     fully
empty     full      emptier     emptiest    emptily
polite    rude      politer     politest    politely
rude      polite    ruder       rudest      rudely
cheap     dear      cheaper     cheapest    cheaply
dear      cheap     dearer      dearest     dearly
sweet     sour      sweeter     sweetest    sweetly
sour      sweet     sourer      sourest     sourly
gentle    harsh     gentler     gentlest    gently
harsh     gentle    harsher     harshest    harshly
bold      shy       bolder      boldest     boldly
shy       bold      shyer       shyest      shyly
clever    stupid    cleverer    cleverest   cleverly
stupid    clever    stupider    stupidest   stupidly
dense     sparse    denser      densest     densely
sparse    dense     sparser     sparsest    sparsely
"""

VERBS = """
word    past     participle  third-person
sing    sang     singing     sings
go      went     going       goes
take    took     taking      takes
give    gave     giving      gives
see     saw      seeing      sees
come    came     coming      comes
write   wrote    writing     writes
speak   spoke    speaking    speaks
run     ran      running     runs
eat     ate      eating      eats
drink   drank    drinking    drinks
swim    swam     swimming    swims
know    knew     knowing     knows
grow    grew     growing     grows
throw   threw    throwing    throws
buy     bought   buying      buys
bring   brought  bringing    brings
think   thought  thinking    thinks
teach   taught   teaching    teaches
find    found    finding     finds
keep    kept     keeping     keeps
sleep   slept    sleeping    sleeps
leave   left     leaving     leaves
make    made     making      makes
say     said     saying      says
tell    told     telling     tells
sell    sold     selling     sells
stand   stood    standing    stands
hold    held     holding     holds
win     won      winning     wins
walk    walked   walking     walks
talk    talked   talking     talks
jump    jumped   jumping     jumps
play    played   playing     plays
work    worked   working     works
call    called   calling     calls
look    looked   looking     looks
ask     asked    asking      asks
help    helped   helping     helps
want    wanted   wanting     wants
"""

PEOPLE = """
word         feminine      plural
man          woman         men
king         queen         kings
uncle        aunt          uncles
boy          girl          boys
father       mother        fathers
brother      sister        brothers
son          daughter      sons
husband      wife          husbands
actor        actress       actors
prince       princess      princes
nephew       niece         nephews
grandfather  grandmother   grandfathers
hero         heroine       heroes
waiter       waitress      waiters
duke         duchess       dukes
host         hostess       hosts
monk         nun           monks
wizard       witch         wizards
lord         lady          lords
emperor      empress       emperors
widower      widow         widowers
groom        bride         grooms
heir         heiress       heirs
gentleman    gentlewoman   gentlemen
"""

THINGS = """
word     plural
cat      cats
dog      dogs
tree     trees
house    houses
book     books
hand     hands
river    rivers
table    tables
song     songs
ship     ships
letter   letters
bridge   bridges
apple    apples
church   churches
box      boxes
city     cities
story    stories
baby     babies
leaf     leaves
knife    knives
wolf     wolves
shelf    shelves
mouse    mice
goose    geese
foot     feet
tooth    teeth
child    children
ox       oxen
"""
