import type { State, Tool } from '../../labels.ts';
import type { Thing } from '../../scenes/things.ts';
import type { WordClass, WordClasses } from './forms.ts';

/**
 * Words of the wide wordings: many words for each thing that a person might say in passing, so that a model learns to
 * read a question's kind from how it is built, and not from whether it met every word of it. None of them is held out.
 */

const taught = (text: string): WordClass => ({
  taught: text
    .split('|')
    .map((part) => part.replaceAll(/\s+/g, ' ').trim())
    .filter((part) => part !== ''),
  heldOut: [],
});

/** `{pseudo}` stands for letters that are no word, drawn anew each time. */
export const WIDE_CLASSES = {
  wtools: taught(
    `instruments|tools|devices|surgical instruments|surgical tools|robotic instruments|robotic tools|surgical devices|robot
     instruments|robot tools|operating instruments|operating tools|pieces of equipment|tools of the robot|instruments of the
     surgeon|instruments of the robot|surgical equipment pieces|minimally invasive instruments|endoscopic instruments|endoscopic
     tools|items of equipment|inserted instruments|inserted tools|instrument tips|tool tips|instrument types|instruments in use|
     tools in use|steel instruments|surgeon's tools|surgeon's instruments`,
  ),
  wtool: taught(
    `instrument|tool|device|surgical instrument|surgical tool|surgical device|robotic instrument|robotic tool|robot instrument|
     piece of equipment|operating tool|operating instrument|endoscopic tool|endoscopic instrument|item of equipment|inserted
     instrument|inserted tool|instrument tip|tool tip|one of the instruments|one of the tools|surgeon's tool|surgeon's
     instrument|instrument of the robot|tool of the robot`,
  ),
  adj: taught(
    `{pseudo}|small|big|large|little|tiny|huge|long|short|thin|thick|narrow|wide|bright|dark|dull|shiny|metallic|metal|steel|
     silver|sterile|clean|dirty|new|old|modern|common|usual|typical|ordinary|special|various|different|single|separate|whole|
     entire|complete|actual|real|true|main|important|relevant|key|certain|given|particular|present|recent|current|latest|last|
     first|next|same|other|certain|specific|obvious|clear|plain|visual|surgical|medical|clinical|operative|robotic|
     laparoscopic|endoscopic|nice|good|bad|beautiful|sharp|blurred|blurry|fuzzy|grainy|smooth|round|flat|curved|straight|
     moving|still-standing|busy|idle|active|passive|working|used|unused|nearby|distant|hidden|open|closed|wet|dry|warm|cold|
     strange|odd|unknown|known|famous|favourite|lovely|said|so-called|above-mentioned|aforementioned|lonely|remaining`,
  ),
  adv: taught(
    `{pseudo}|clearly|actually|really|currently|probably|exactly|precisely|roughly|possibly|definitely|obviously|perhaps|still|
     already|just|simply|also|ever|indeed|honestly|apparently|evidently|certainly|surely|maybe|likely|mostly|mainly|partly|
     fully|completely|entirely|barely|hardly|nearly|almost|quite|rather|very|truly|plainly|visibly|directly|quickly|slowly|
     carefully|closely|gently|briefly|usually|normally|often|always|sometimes|again|then|here|now|today|overall|altogether|
     in fact|in total|at present|by now|so far|at all|by chance|if any|for certain|in your opinion|in your view|as we speak|
     for instance|once more|of course|generally|basically|essentially|presumably|supposedly|undoubtedly|unmistakably|
     recognisably|noticeably|momentarily|meanwhile|firstly|finally|instead|otherwise|together|alone`,
  ),
  frame: taught(
    `picture|image|frame|view|scene|photo|photograph|snapshot|screenshot|video|clip|footage|video frame|camera view|camera image|
     camera picture|endoscopic view|endoscopic image|surgical view|surgical scene|field of view|window|screen|display|feed|
     recording|visual field|working field|operation field|exposure|capture|graphic|panel|viewport|video picture|moment of the
     video|part of the video|piece of video|pic|img|{pseudo}`,
  ),
  when: taught(
    `now|right now|just now|here|currently|at the moment|at this moment|at this point|at this time|at present|today|in view|on
     view|in sight|around|there|in the field|anywhere|somewhere|before us|in front of us|in front of the camera|before the
     camera|in the abdomen|in the body|in the patient|inside|at work|under the camera|for us to see|to be seen|as we speak`,
  ),
  wseen: taught(
    `visible|seen|shown|present|found|in sight|on view|in view|apparent|recognisable|observable|there|to be seen|noticeable|
     depicted|pictured|evident|clear|perceptible|observed|located|around|about|featured|captured|filmed|available|included|
     contained|recognised|perceived|viewed|made visible|inside|on show|exposed`,
  ),
  perceive: taught(
    `see|find|recognise|observe|perceive|view|detect|tell apart|distinguish|locate|discover|sight|witness|count on|have|show
     me|look at|catch|pick out|sense|confirm`,
  ),
  say: taught(
    `tell me|say|state|answer|write|write down|tell us|let me know|let us know|determine|find out|work out|check|decide|explain
     to me|inform me|reply|respond|make clear|figure out|establish|note|point out|share|settle|{pseudo}`,
  ),
  listing: taught(
    `name|list|give|give me|tell me|say|write down|mention|note|state|go through|read out|present|catalogue|call out|provide|
     supply|put down|record|recite|review|sort out|offer|deliver|print|output|return|collect|gather|recall|cite|specify|
     {pseudo}`,
  ),
  showing: taught(
    `show|mark|outline|box|point out|point at|point to|find|frame|draw a box around|locate|pick out|put a box on|put a box around|
     label|trace|select|underline|look for|search for|seek|present|reveal|expose|surround|track|pin down|discover|{pseudo}`,
  ),
  describing: taught(
    `describe|summarise|summarize|explain|tell me about|comment on|talk me through|give an account of|give a description of|give
     an overview of|give a summary of|go through|put into words|write about|tell us about|portray|depict|interpret|review|recap|
     brief me on|walk me through|say something about|inform me about|lay out|survey|paraphrase|caption|{pseudo}`,
  ),
  counting: taught(
    `count|count up|add up|tally|number|total|sum|reckon up|total up|work out the number of|give the number of|tell me the number
     of|determine the number of|state the number of|estimate the number of|calculate the number of|compute the number of|check
     the number of|say the number of`,
  ),
  quantity: taught(
    `number|count|total|total number|quantity|amount|exact number|overall number|tally|sum|full count|exact count|headcount|
     total count`,
  ),
  exists: taught(
    `|any|any|some|the|a little|a lot of|much|lots of|any sign of|a sign of|signs of|a hint of|any evidence of|evidence of|a piece
     of|any kind of|some kind of|any amount of|enough|more|any more|any visible|visible|obvious|plenty of|at least some|something
     like|what looks like|such a thing as|any {pseudo}|a {pseudo} of`,
  ),
  wnear: taught(
    `nearest to|nearest to|closest to|closest to|next to|nearest|near to|closest by|right by|right next to|the least far from|at the
     shortest distance from|at the smallest distance from|most near to|least distant from|nearer than the others to|closer than
     the others to|immediately next to|directly next to|by|close by|close to|in closest reach of|not far from|lying next to|
     sitting closest to|lying nearest to`,
  ),
  wtouch: taught(
    `touching|in contact with|working on|at work on|in touch with|lying on|resting on|meeting|reaching|making contact with|contacting|
     up against|placed on|leaning on|leaning against|operating on|acting on|busy with|in direct contact with|sitting on|
     positioned on|feeling|tapping|engaging|engaged with|applied to|put on|on`,
  ),
  worgan: taught(
    `organ|organ|organ|operated organ|organ being operated on|organ in question|organ that is operated on|whole organ|{pseudo} organ|
     big organ|exposed organ|surface of the organ|organ's surface|organ itself`,
  ),
  wtip: taught(
    `tip|tip|end|jaws|working end|head|front end|very tip|far end|business end|jaw|working tip|front|point|mouth|distal end|end
     piece|tool end`,
  ),
  busy: taught(
    `doing|doing|up to|busy with|engaged in|occupied with|performing|carrying out|used for|at work on|supposed to do|employed for|
     accomplishing|executing|achieving|trying to do|about`,
  ),
  task: taught(
    `action|task|job|activity|work|operation|manoeuvre|movement|motion|function|step|thing|role|deed|process|procedure|act`,
  ),
  surgeon: taught(
    `surgeon|operator|doctor|team|robot|surgical team|operating surgeon|console surgeon|person operating|physician|assistant|
     {pseudo} surgeon`,
  ),
  hello: taught(
    `hi,|hello,|hey,|sorry,|ok,|okay,|well,|so,|right then,|now,|and|then|but|doctor,|colleague,|quick question:|one question:|a
     question:|just checking:|excuse me,|one more thing:|look:|first,|again,|once more:|please:|listen,|good morning,|good evening,|
     hello there,|dear model,|computer,|assistant,|for my notes:|for the report:|for the record,|out of interest,|to begin
     with,|next question:|another thing:|by the way,|um,|er,|hmm,|oh,|yes,|no,|thanks,|{pseudo},|{pseudo}:|{pseudo} {pseudo},|
     question:|Q:|task:|teaching round:|as a test,|let us see:|in short:|be honest:|quickly:`,
  ),
  bye: taught(
    `, please|, thanks|, thank you|, if you can|, if possible|, for me|, quickly|, as far as you can tell|, doctor|, roughly|,
     exactly|, to be sure|, for the record|, in your opinion|, would you say|, do you think|, I wonder|, in a few words|, in short|,
     if you please|, if at all|, right|, or what|, my friend|, be precise|, one by one|, at a glance|, once again|, {pseudo}|
     {pseudo}|, and be quick|, without guessing|, if that is clear|, when you can|, for the students|, I can't tell|, I am not sure`,
  ),
} satisfies WordClasses;

/** More names that people have for what can be asked about, beside those of the other wordings. */
export const WIDE_NAMES: Readonly<Record<Tool | Thing, readonly string[]>> = {
  bipolar_forceps: taught(
    `bipolar device|bipolar tool|bipolar coagulation forceps|bipolar clamp|bipolar tweezers|bipolar grasping forceps|bipolars|
     coagulating forceps|bipolar sealer|bipolar graspers`,
  ).taught,
  prograsp_forceps: taught(
    `prograsp grasper|prograsp tool|prograsp device|pro grasp|pro-grasp forceps|pro grasp forceps|prograsp graspers|prograsper`,
  ).taught,
  large_needle_driver: taught(
    `big needle driver|needle driver tool|needle drivers|needle driving tool|needle driving forceps|suture driver|large driver|
     needle holding forceps|large needle holder`,
  ).taught,
  monopolar_curved_scissors: taught(
    `scissor|pair of scissors|cutting scissors|monopolar curved scissor|hot scissors|electrosurgical scissors|monopolar scissor|
     curved monopolar scissors|monopolar cutting scissors|scissors tool`,
  ).taught,
  ultrasound_probe: taught(
    `US probe|echo probe|sonography device|ultrasound head|ultrasound scanner|imaging probe|ultrasound tool|ultrasound device|probe|
     sonography head|ultrasound instrument|echography probe|scanning probe`,
  ).taught,
  suction: taught(
    `suction device|suction tip|suction cannula|suction wand|irrigator|suction instrument|sucking device|suction pipe|suction tool|
     suction probe|suction irrigation device|suction rod`,
  ).taught,
  clip_applier: taught(
    `clipping device|clip tool|clip forceps|clip placer|clip applying device|hem-o-lok applier|clip applying forceps|clips applier|
     clip appliers|clip device|clip setter`,
  ).taught,
  stapler: taught(
    `stapling tool|staple gun|staple device|surgical stapler|stapling instrument|staple applier|stapling machine|tissue stapler|
     staple driver`,
  ).taught,
  smoke: taught(
    `cautery smoke|smoke clouds|a cloud of smoke|diathermy smoke|smoking|smoke in the air|thick smoke|thin smoke|smokiness|smoke
     from cautery|burning smoke`,
  ).taught,
  blood: taught(
    `fresh blood|pooled blood|a bleeding point|red blood|a blood pool|blood spots|a bloody area|active bleeding|spilled blood|blood
     on the tissue|bleeding tissue|a bleeder|a bleeding spot`,
  ).taught,
  thread: taught(
    `sewing thread|a stitch|surgical thread|a suture|sutures|a thread|threads|suture threads|a suture line|thread for suturing`,
  ).taught,
  needle: taught(`surgical needle|a suture needle|needles|a sewing needle|a bent needle|a surgeon's needle`)
    .taught,
  clipped_vessel: taught(
    `a vessel closed by a clip|a vessel with clips on it|a clip on a vessel|a vessel that is clipped|a clipped blood vessel|vessels
     with a clip|clipped vessels`,
  ).taught,
  staples: taught(
    `a line of staples|metal staples|staple rows|rows of staples|staple lines|a staple|staples in a row|staples in tissue`,
  ).taught,
  gel: taught(`probe gel|jelly|ultrasound jelly|some gel|gel on the tissue|sonographic gel|coupling jelly`)
    .taught,
};

/** A state as people say it: as a noun, as what an instrument does, and as what it is doing. */
export interface Deed {
  readonly nouns: readonly string[];
  readonly does: readonly string[];
  readonly doing: readonly string[];
}

const deed = (nouns: string, does: string, doing: string): Deed => ({
  nouns: taught(nouns).taught,
  does: taught(does).taught,
  doing: taught(doing).taught,
});

export const DEEDS: Readonly<Record<Exclude<State, 'Idle'>, Deed>> = {
  Grasping: deed('grasping|the grasping|gripping', 'grasps|grips|grabs', 'grasping|gripping|grabbing'),
  Retraction: deed(
    'retraction|retracting|the retraction',
    'retracts|pulls tissue aside|holds tissue back',
    'retracting|pulling tissue aside|holding tissue back|doing retraction',
  ),
  Tissue_Manipulation: deed(
    'tissue manipulation|manipulation of tissue|manipulating tissue',
    'manipulates tissue|handles tissue|moves tissue',
    'manipulating tissue|manipulating the tissue|moving tissue|doing tissue manipulation',
  ),
  Tool_Manipulation: deed(
    'tool manipulation|manipulation of a tool|manipulating a tool',
    'manipulates a tool|manipulates another tool',
    'manipulating a tool|manipulating another tool|doing tool manipulation',
  ),
  Cutting: deed(
    'cutting|the cutting|a cut',
    'cuts|makes a cut|cuts tissue',
    'cutting|cutting tissue|making a cut',
  ),
  Cauterization: deed(
    'cauterization|cauterisation|cautery|coagulation|the cauterization',
    'cauterizes|cauterises|coagulates|burns',
    'cauterizing|cauterising|coagulating|burning tissue|doing cauterization',
  ),
  Suction: deed(
    'suction|the suction|sucking',
    'sucks|sucks fluid|aspirates',
    'sucking|suctioning|sucking fluid|doing suction',
  ),
  Looping: deed(
    'looping|the looping|making a loop',
    'loops the thread|makes a loop|loops',
    'looping|making a loop|looping the thread',
  ),
  Suturing: deed(
    'suturing|the suturing|stitching|sewing',
    'sutures|sews|stitches tissue',
    'suturing|sewing|stitching',
  ),
  Clipping: deed(
    'clipping|the clipping|placing a clip',
    'clips|places a clip|sets a clip',
    'clipping|placing a clip|setting a clip',
  ),
  Staple: deed(
    'staple|stapling|the stapling',
    'staples|places staples',
    'stapling|placing staples|doing staple',
  ),
  Ultrasound_Sensing: deed(
    'ultrasound sensing|sensing by ultrasound|scanning|ultrasound scanning',
    'senses with ultrasound|scans|scans the tissue',
    'sensing with ultrasound|scanning|scanning the tissue|doing ultrasound sensing',
  ),
};

/** How people say that something lies furthest to a side; "left" and "right" stay words of their own, for mirroring. */
export const SIDES: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  (['left', 'right', 'top', 'bottom'] as const).map((side) => {
    const only = {
      left: 'more to the left than all others|on the extreme left|left of all others|the most to the left|left-hand most',
      right:
        'more to the right than all others|on the extreme right|right of all others|the most to the right|right-hand most',
      top: 'topmost|uppermost|highest|highest up|furthest up|farthest up|above all others|higher than all others|the highest',
      bottom:
        'bottommost|lowermost|lowest|lowest down|furthest down|farthest down|below all others|lower than all others|the lowest',
    }[side];
    return [
      side,
      taught(
        `furthest ${side}|farthest ${side}|furthest to the ${side}|furthest towards the ${side}|on the far ${side}|at the far ${side}|
         most to the ${side}|nearest to the ${side} edge|closest to the ${side} edge|closest to the ${side} border|closest to the
         ${side} margin|at the ${side} end|at the ${side} edge|nearest the ${side} side|at the extreme ${side}|the furthest
         ${side}|furthest at the ${side}|all the way to the ${side}|to the very ${side}|most ${side}|last towards the ${side}|${only}`,
      ).taught,
    ];
  }),
);
