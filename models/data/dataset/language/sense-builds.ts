import { instruments } from '../../../../preload/contract/vocabulary.ts';
import type { Random } from '../../scenes/random.ts';
import { NAMES } from './questions.ts';
import { drawBuild } from './wide.ts';
import { WIDE_NAMES } from './wide-words.ts';

/**
 * Builds that only the reading of typed questions is fitted to: more ways of asking the three kinds that have few wordings, and
 * questions about known things which no picture answers. `SUBJECT` stands for a name, `ORGAN` for an organ.
 */

export const SENSE_BUILDS: Readonly<Record<'organ' | 'location' | 'grounding' | 'none', readonly string[]>> =
  {
    organ: [
      '(Which|What) (|||<adj>) organ ADV (is|do you see|do we see|can be seen|can you <perceive>) (|<wseen>) VIEW?',
      '(Which|What) organ (do|did) (they|we|the <surgeon>) (operate|work) on VIEW?',
      '(Which|What) organ (are they|are we|is the <surgeon>) (operating|working|looking|busy) (on|at) VIEW?',
      '(Which|What) organ (are we|am I) (looking at|seeing|shown) VIEW?',
      'ASK (which|what) organ (this is|that is|is <wseen>|we see|it is) VIEW.',
      'ASK the name of (the|this|that) organ (|we are looking at|they operate on|that is operated on) VIEW.',
      'What is the (name|kind|type) of (the|this|that) organ (|we are looking at|they operate on|that is operated on|<wseen>) VIEW?',
      'DO! (name|recognise|identify|determine|tell me|state) (the|this|that) organ VIEW.',
      'What is (this|that|the) organ (|called|named) VIEW?',
      'FRONT (which|what) organ (is <wseen>|is it|do you see)?',
      'The organ VIEW: (which|what) (one|is it)?',
      'On (which|what) organ (does|do|is|are) (the <surgeon>|they|we) (operate|operating|work|working) VIEW?',
    ],
    location: [
      'Where ADV (is|are|lies|can I find|can you <perceive>|do you see|does one find) the SUBJECT (|located|<wseen>|placed|positioned|situated) VIEW?',
      'In (which|what) (corner|quarter|quadrant|part|region|area|half|section) (|VIEW) (is|can|does|do you see) the SUBJECT (|be found|be seen|located|lie|sit) VIEW?',
      '(Which|What) (corner|quarter|quadrant|part|region|area|section) (of the <frame>|VIEW|) (holds|contains|shows|has) the SUBJECT?',
      'ASK where the SUBJECT (is|lies|can be seen|sits|is located) VIEW.',
      'ASK (|the) (location|position|place|whereabouts) of the SUBJECT VIEW.',
      'DO! <listing> the (location|position|place|whereabouts|corner|quadrant) of the SUBJECT VIEW.',
      '(What is the|The|) (location|position|place|whereabouts) of the SUBJECT VIEW?',
      'Whereabouts VIEW (is|are|lies) the SUBJECT?',
      'The SUBJECT: where is it VIEW?',
      'At (which|what) (place|position|spot) (is|lies) the SUBJECT VIEW?',
    ],
    grounding: [
      'DO! <showing> (the|me the|us the|) (SUBJECT|ORGAN) VIEW.',
      'DO! (draw|put|place|make|set) a (box|frame|rectangle|bounding box) (around|on|over|round) the (SUBJECT|ORGAN) VIEW.',
      'DO! (find and mark|find and show|locate and mark|find and box|look for and mark) the (SUBJECT|ORGAN) VIEW.',
      'DO! (show|give) (me|us|) the (box|bounding box|outline|extent) (of|for|around) the (SUBJECT|ORGAN) VIEW.',
      'The (box|bounding box|outline) (of|for|around) the (SUBJECT|ORGAN) VIEW.',
      'DO! (show|mark|point out) where the (SUBJECT|ORGAN) (is|lies) VIEW.',
      'I (want|need|would like) (to see|a box for|a box around) the (SUBJECT|ORGAN) VIEW.',
    ],
    none: [
      '(Is|Are) the (SUBJECT|ORGAN|organ|<wtool>|<surgeon>|<frame>) ADV <adj> (|enough) VIEW?',
      '(Is|Are) (SUBJECT|the ORGAN|this <wtool>) (a|an|the) <adj> (<wtool>|one|thing|organ) VIEW?',
      'How <adj> (is|are) the (SUBJECT|ORGAN|organ|<wtool>|<surgeon>|<frame>) VIEW?',
      '(Do|Did|Would) (you|we|they) (like|love|want|need|prefer|know|hate|trust|believe|remember) (the|a|any|) (SUBJECT|ORGAN|<wtool>|<surgeon>)?',
      'What is (a|an|) (SUBJECT|ORGAN|<wtool>|<surgeon>)?',
      'What (is|are) (the|a) (SUBJECT|ORGAN|organ|<wtool>|<wtip> of the SUBJECT) (made of|made from|good for|worth|like|about) VIEW?',
      'How (does|do|is|did) (a|the) (SUBJECT|<wtool>|<surgeon>) (work|made|help|function|move|feel|cost)?',
      '(Who|When|Why) (made|invented|sells|owns|holds|cleans|moved|built|uses|used|bought|needs) (the|a|this) (SUBJECT|<wtool>|<frame>)?',
      'Where can (I|one|we) (buy|get|order|sell|store|rent) (a|the) (SUBJECT|<wtool>)?',
      '(Which|What) TOOL is ADV (the best|better|best|<adj>|safe|broken|mine|yours|missing) (for {noun}|for the SUBJECT|) VIEW?',
      '(Which|What) TOOL (should|would|could) (I|we|you|the <surgeon>) (use|take|hold|need|choose) (next|for {noun}|now|)?',
      '(Which|What) (<surgeon>|vessel|person|patient|hand|way|hospital|colour|day|<task>) is (that|this|it|there|<adj>) VIEW?',
      '(Name|List|Count|Show|Find|Describe|Mark) the (<surgeon>|hands|people|<task>|colours|words|reasons|steps|risks|<surgeon> again) VIEW.',
      'What is the (name|age|task|opinion|plan|view) of the <surgeon>?',
      'Is there a (<surgeon>|hand|person|reason|problem|way|chance|<task>|word) VIEW?',
      'How many (people|hands|minutes|times|steps|hours|<surgeon>|words|colours|cuts|stitches) (are|were|does it take|do you need|are there) VIEW?',
      'How (long|often|old|fast|deep|far|well|much) (is|are|does|do|was) (the SUBJECT|the <surgeon>|this|it|the ORGAN|the organ) (|take|last|work|lie|cost) VIEW?',
      '(Are|Were) you (a|the|) (<surgeon>|<wtool>|<adj>)?',
      '(Can|Could|Will|Would) you (help|stop|see me|hear me|work|learn|wait|move the SUBJECT|stop the SUBJECT|clean the SUBJECT|take the SUBJECT)?',
      '(Stop|Clean|Move|Take|Use|Open|Close|Change|Remove|Turn|Pull|Push|Bring|Hold|Clip|Cut|Staple) the (SUBJECT|ORGAN|<wtool>|<frame>) VIEW.',
      '(Is|Was) (it|this|that|anything|something|everything|the <task>) ADV <adj> VIEW?',
      'What (is|was) (the best|the right|a good|the next|the first|the last) (<task>|<wtool>|way|place|time) VIEW?',
      'What (happens|changes|follows) (if|when|after|before) (the SUBJECT|the <wtool>|the <surgeon>) (does|stops|moves|is gone)?',
      'What (should|must|can|could|would|will) (be done|I do|we do|they do|happen|the <surgeon> do) (about|with|to|for|) (the SUBJECT|the ORGAN|the organ|) VIEW?',
      '(Explain|Describe|Say) (how|why|when) (a|the) (SUBJECT|<wtool>|ORGAN) (works|is used|is made|was taken|moves).',
      'Does the (SUBJECT|ORGAN|<surgeon>|<wtool>) (hurt|work|matter|help|know|look <adj>|feel <adj>|seem <adj>) VIEW?',
      '(Which|What) (|of the|of these) <wtools> (are|is) ADV (|too|not) (BAD) VIEW?',
      'How many (|of the|of these) <wtools> are ADV (|too|not) (BAD) VIEW?',
      '(Which|What) (instruments|tools|devices) (|VIEW) are (|ADV|too|not) (BAD)?',
      'How many (instruments|tools|devices) are (|ADV|too|not) (BAD) VIEW?',
      '(Which|What) organ (is|was) ADV (bleeding|smoking|cut|clipped|stapled|BAD) VIEW?',
      '(Which|What) TOOL (caused|causes|made|left|started|stopped|gave|prevents) the SUBJECT VIEW?',
      '(Which|What) TOOL (is|was) (removed|replaced|changed|dropped|bought|cleaned|tested|BAD) VIEW?',
      'Does (this|the <frame>) look (<adj>|like a <wtool>|right|wrong) VIEW?',
    ],
  };

const THINGS = Object.keys(NAMES) as (keyof typeof NAMES)[];
const ORGANS = ['kidney', 'liver', 'spleen', 'gallbladder', 'bowel'];
const NOUNS = ['cutting', 'suturing', 'bleeding', 'retraction', 'grasping', 'the organ'];
/** What can be said of instruments and organs that no picture tells, or that nobody taught. */
const BAD =
  'dirty|clean|broken|sterile|sharp|blunt|new|old|best|better|safe|dangerous|expensive|needed|necessary|missing|allowed|wrong|ready|hot|cold|' +
  'heavy|useful|ours|mine|done|finished|free|tired|healthy|sick|injured|hurt|swollen|removed|lost|forgotten|forbidden|recommended|preferred';
const tools = new Set<string>(instruments);

/** One such text, with names in place of what stands for them; null where every draw was held out. */
export function drawSenseBuild(random: Random, sense: keyof typeof SENSE_BUILDS): string | null {
  const wording = random.pick(SENSE_BUILDS[sense]);
  const things = sense === 'none' ? THINGS : THINGS.filter((name) => tools.has(name));
  const name = (): string => {
    const thing = random.pick(things);
    return random.pick([...NAMES[thing].taught, ...WIDE_NAMES[thing]]).replace(/^an? /, '');
  };
  return drawBuild(
    random,
    wording
      .replaceAll('SUBJECT', name)
      .replaceAll('BAD', BAD)
      .replaceAll('ORGAN', () => random.pick(ORGANS))
      .replaceAll('{noun}', () => random.pick(NOUNS)),
  );
}
