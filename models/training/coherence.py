"""Do the words of an answer and its box tell one story? Restates preload/contract/coherence.ts and place-words.ts.

The workstation checks live answers by the TypeScript; training pays by this. The grammar of place words is
documented there. test/fixtures/coherence/cases.json is run by both: a change here without one there fails.
"""
import re
from collections import namedtuple

ABSENT = "not visible"
# Share of the frame's sides within which a box's centre belongs to both sides of a middle line.
MIDDLE_TOLERANCE = 0.02
INSTRUMENTS = tuple(
    tuple(name.split("_"))
    for name in (
        "bipolar_forceps",
        "prograsp_forceps",
        "large_needle_driver",
        "monopolar_curved_scissors",
        "ultrasound_probe",
        "suction",
        "clip_applier",
        "stapler",
    )
)

# What is said: the words as written, and a side of each middle line ("left" or "right", "top" or "bottom", or None).
Place = namedtuple("Place", "text horizontal vertical")
Finding = namedtuple("Finding", "kind said")
Word = namedtuple("Word", "text start end sentence clause")

SIDES = {
    "left": ("left", None),
    "right": ("right", None),
    "upper": (None, "top"),
    "top": (None, "top"),
    "lower": (None, "bottom"),
    "bottom": (None, "bottom"),
}
RELATIVE = {
    "above": (None, "top"),
    "below": (None, "bottom"),
    "under": (None, "bottom"),
    "beneath": (None, "bottom"),
}


def _set(words):
    return frozenset(words.split())


MIDDLES = _set("middle centre center mid midline centreline centerline")
REGIONS = _set(
    "half side part portion area region third quadrant quarter corner edge border margin section sector zone end"
)
FRAMES = _set("image picture view frame scene screen field photo video display")
DETERMINERS = _set("the a an its this that our")
DESCRIBING = _set(
    "the a an its this that our very far extreme most whole entire current visible visual surgical operative "
    "operating endoscopic laparoscopic camera vertical horizontal video image picture frame view scene screen just"
)
FOLLOWERS = _set(
    "and or but with while where which that who when whereas is are was were lies lie sits rests appears as so "
    "because since here there near close next by at on in within inside above below beside besides under over "
    "between around behind it its the this these a an just almost partly mostly slightly from to toward towards "
    "not rather than instead for has have holds"
)
NOMINAL_PREPOSITIONS = _set("on at in to toward towards within inside near from into onto")
LOCATION_PREPOSITIONS = _set("on at in within inside near around by occupying")
DIRECTION_PREPOSITIONS = _set("from toward towards")
LOCATION_VERBS = _set(
    "lies lie lying located positioned situated placed sits sitting rests resting appears found seen visible"
)
ENTRY_VERBS = _set(
    "enter enters entered entering come comes coming came exit exits exiting emerge emerges emerging insert "
    "inserted inserts introduced arrives arriving leaves leaving"
)
DIRECTION_VERBS = _set(
    "point points pointing pointed extend extends extending extended reach reaches reaching directed aims aimed "
    "aiming faces facing heads heading turns turned turning turn opens opening runs running moves moved moving "
    "move pulls pulled pulling pull pushes pushed pushing push lifts lifted lifting sweeps sweeping bends bent "
    "bending tilted tilts leans leaning stretches stretching drags dragging travels goes going angled"
)
NEGATIONS = _set("not no never neither nor cannot without unlike")
OTHER_THINGS = _set(
    "shaft shafts trocar port camera endoscope light smoke blood bleeding vessel vessels pool surgeon assistant"
)
PRONOUNS = _set("it its they their this")
OTHERS = _set("another other others second third some several")
ENDS_A_SIDE = _set("and but")

WORD = re.compile(r"[A-Za-z]+(?:['’][A-Za-z]+)?|[0-9]+(?:\.[0-9]+)*")
SENTENCE_END = re.compile(r"[.!?\n]")
JOINING = re.compile(r"[ \t\r_*\"“”‘’'`‐‑–-]*\Z")
CONTRACTED_NOT = re.compile(r"n['’]t\Z")


def _words(text):
    words, sentence, clause, last = [], 0, 0, 0
    for match in WORD.finditer(text):
        gap = text[last : match.start()]
        if gap != " ":
            if SENTENCE_END.search(gap):
                sentence += 1
            if not JOINING.match(gap):
                clause += 1
        last = match.end()
        words.append(Word(match.group().lower(), match.start(), last, sentence, clause))
    return words


class _Reader:
    """The words of one text, and the questions that the grammar asks of them."""

    def __init__(self, text):
        self.words = _words(text)

    def text(self, at):
        return self.words[at].text if 0 <= at < len(self.words) else ""

    def joined(self, at):
        """Whether nothing but white space, hyphens or quotes stands between word `at` and the next."""
        return 0 <= at < len(self.words) - 1 and self.words[at].clause == self.words[at + 1].clause

    def clause(self, at, index):
        """The word at `index` where it stands in the clause of word `at`, else ''."""
        if not 0 <= index < len(self.words) or self.words[index].clause != self.words[at].clause:
            return ""
        return self.words[index].text

    def phrase(self, at):
        """(sides, index behind the phrase) of the phrase that begins with word `at`, or None."""
        first = self.text(at)
        if first in RELATIVE:
            end = self.behind_middle(at + 1)
            return None if end is None else (RELATIVE[first], end)
        following = self.text(at + 1) if self.joined(at) else ""
        if first in SIDES:
            both = corner(SIDES[first], SIDES[following]) if following in SIDES else None
            if both:
                return self.with_region(both, at + 2, True)
            if following in MIDDLES:
                return self.with_region(SIDES[first], at + 2, True)
            return self.side(at, SIDES[first])
        if first in MIDDLES and following in SIDES:
            return self.with_region(SIDES[following], at + 2, True)
        return None

    def side(self, at, sides):
        end = at + 1
        if self.text(end) == "of" and self.joined(at):
            behind = self.behind_middle(end + 1) if sides[0] else None
            if behind is None:
                behind = self.behind_frame(end + 1)
            return None if behind is None else (sides, behind)
        region = self.with_region(sides, end, False)
        if region:
            return region
        before = self.clause(at, at - 1)
        closed = not self.joined(at) or self.text(end) in ENDS_A_SIDE
        if (sides[0] and before in LOCATION_VERBS) or before in LOCATION_PREPOSITIONS:
            return (sides, end) if closed else None
        back = self.before_describing(at)
        named = back < at - 1 and self.clause(at, back) in NOMINAL_PREPOSITIONS
        return (sides, end) if named and self.may_follow(at) else None

    def before_describing(self, at):
        back = at - 1
        while self.clause(at, back) in DESCRIBING:
            back -= 1
        return back

    def with_region(self, sides, begin, alone):
        end = begin
        if self.joined(end - 1) and self.text(end) == "hand":
            end += 1
        noun = self.text(end) if self.joined(end - 1) else ""
        if noun in REGIONS:
            end += 1
        elif alone and noun in FRAMES:
            end += 2 if self.joined(end) and self.text(end + 1) in REGIONS else 1
        elif not alone:
            return None
        if self.joined(end - 1) and self.text(end) == "of":
            behind = self.behind_frame(end + 1)
            return None if behind is None else (sides, behind)
        return (sides, end) if end > begin or self.may_follow(end - 1) else None

    def may_follow(self, at):
        if not self.joined(at):
            return True
        following = self.text(at + 1)
        return following in FOLLOWERS or following.endswith("ing")

    def behind_middle(self, at):
        while self.joined(at - 1) and self.text(at) in DESCRIBING:
            at += 1
        if not self.joined(at - 1) or self.text(at) not in MIDDLES:
            return None
        if self.joined(at) and self.text(at + 1) == "line":
            at += 1
        if self.joined(at) and self.text(at + 1) == "of":
            return self.behind_frame(at + 2)
        return at + 1

    def behind_frame(self, at):
        last = None
        while self.joined(at - 1) and (self.text(at) in DESCRIBING or self.text(at) in FRAMES):
            if self.text(at) in FRAMES:
                last = at
            at += 1
        return None if last is None else last + 1

    def is_direction(self, at):
        """Whence or whither, not where."""
        back = self.before_describing(at)
        preposition = self.clause(at, back)
        if preposition in DIRECTION_PREPOSITIONS:
            return True
        located = preposition in LOCATION_PREPOSITIONS
        while True:
            word = self.clause(at, back)
            if word in ("", "and", "but") or word in LOCATION_VERBS:
                return False
            if word in ENTRY_VERBS or word in OTHER_THINGS:
                return True
            if not located and (word in DIRECTION_VERBS or word == "from"):
                return True
            back -= 1

    def is_negated(self, at):
        between, back = False, at - 1
        while True:
            word = self.clause(at, back)
            if word in ("", "but"):
                return False
            if word in NEGATIONS or CONTRACTED_NOT.search(word):
                return True
            if (word, self.clause(at, back + 1)) in (("rather", "than"), ("instead", "of")):
                return True
            if word == "and" and between:
                return False
            if word not in DETERMINERS and word not in NOMINAL_PREPOSITIONS and word not in SIDES and word != "or":
                between = True
            back -= 1

    def instrument(self, at):
        for name in INSTRUMENTS:
            if self.text(at) == name[0] and all(
                self.joined(at + index) and self.text(at + index + 1) == part for index, part in enumerate(name[1:])
            ):
                return name
        return None

    def subject(self):
        return next((name for at in range(len(self.words)) if (name := self.instrument(at))), None)

    def topic(self, start):
        """The first instrument that the sentence names, OTHER_THINGS where it begins with one, or None."""
        sentence = self.words[start].sentence
        for at in range(start, len(self.words)):
            if self.words[at].sentence != sentence:
                break
            named = self.instrument(at)
            if named:
                return OTHER_THINGS if at > start and self.text(at - 1) in OTHERS else named
            word = self.text(at)
            behind_side = self.joined(at - 1) and self.text(at - 1) in SIDES  # "the left third": a region
            if at - start < 4 and (word in OTHER_THINGS or (word in OTHERS and not behind_side)):
                return OTHER_THINGS
        return None

    def owned(self, subject):
        """For each word whether its sentence speaks of the subject."""
        owned, instrument, now = [], subject, True
        for at, word in enumerate(self.words):
            if at == 0 or self.words[at - 1].sentence != word.sentence:
                topic = self.topic(at)
                if topic is None:
                    instrument = instrument if word.text in PRONOUNS else subject
                elif topic is not OTHER_THINGS:
                    instrument = topic
                now = topic is not OTHER_THINGS and instrument == subject
            owned.append(now)
        return owned


def corner(one, two):
    horizontal, vertical = one[0] or two[0], one[1] or two[1]
    return (horizontal, vertical) if horizontal and vertical else None


def places_said(text, question=""):
    """Every place that the text gives to its subject, in its order; `question` may name the subject."""
    reader = _Reader(text)
    owned = reader.owned(instrument_named(question) or reader.subject())
    said, at = [], 0
    while at < len(reader.words):
        found = reader.phrase(at)
        if found is None:
            at += 1
            continue
        (horizontal, vertical), end = found
        if owned[at] and not reader.is_direction(at) and not reader.is_negated(at):
            written = text[reader.words[at].start : reader.words[end - 1].end]
            said.append(Place(written, horizontal, vertical))
        at = end
    return said


def place_of_label(label):
    """The place that a label is made of, as left-top or upper right; None for any other label."""
    words = [word.text for word in _words(label)]
    if not 1 <= len(words) <= 2 or any(word not in SIDES for word in words):
        return None
    sides = SIDES[words[0]] if len(words) == 1 else corner(SIDES[words[0]], SIDES[words[1]])
    return sides and Place(label, *sides)


def sides_of_box(box, width, height):
    """The sides of the middle lines on which the centre of the box lies; None within 2 % of a line."""
    across, down = (box[0] + box[2]) / 2 - width / 2, (box[1] + box[3]) / 2 - height / 2
    horizontal = None if abs(across) <= MIDDLE_TOLERANCE * width else "left" if across < 0 else "right"
    vertical = None if abs(down) <= MIDDLE_TOLERANCE * height else "top" if down < 0 else "bottom"
    return horizontal, vertical


def is_absent_label(label):
    return re.sub(r"[\s_-]+", " ", label.strip().lower()) == ABSENT


_THING = f"({'|'.join(['[ _]'.join(name) for name in INSTRUMENTS] + ['instrument', 'tool', 'organ'])})"
_NOT_IN_SIGHT = (
    "(?:is (?:clearly |currently )?(?:not (?:clearly )?(?:visible|seen|present|shown|in (?:the )?view|in the frame|"
    "in the picture)|absent|out of view)|isn['’]t (?:visible|seen|present)|"
    "(?:cannot|can not|can['’]t) be (?:seen|found))"
)
ABSENCES = tuple(
    re.compile(pattern, re.IGNORECASE | re.ASCII)
    for pattern in (
        rf"(?:^|[^A-Za-z])(no (?:such )?{_THING} (?:is|can be|was) (?:seen|visible|present|found|shown))(?![A-Za-z])",
        r"(?:^|[.!?\n,;:] ?|(?:^|[^A-Za-z])(?:so|and|but|that) )"
        rf"((?:it|(?:the |this )?{_THING}) {_NOT_IN_SIGHT})(?![A-Za-z])",
    )
)


def instrument_named(text):
    return _Reader(text).subject() if text else None


def absence_said(reasoning, question=""):
    """The first words by which the reasoning says that its subject is not in sight, or None."""
    asked = instrument_named(question)
    for pattern in ABSENCES:
        for match in pattern.finditer(reasoning):
            named = instrument_named(match.group(2))
            if not (asked and named and named != asked):
                return match.group(1)
    return None


def check_coherence(reasoning, label, box, width, height, question=""):
    """[Finding] of what disagrees; kinds as in coherence.ts. box in pixels of an image of width x height, or None."""
    findings = []
    sides = None if box is None else sides_of_box(box, width, height)
    absent = label is not None and is_absent_label(label)
    for place in places_said(reasoning, question):
        if sides and not agrees(place, sides):
            findings.append(Finding("reasoning-place", place.text))
        if absent and not sides:
            findings.append(Finding("absent-place", place.text))
    named = None if label is None else place_of_label(label)
    if named and sides and not agrees(named, sides):
        findings.append(Finding("label-place", named.text))
    if sides and absent:
        findings.append(Finding("box-unexpected", label))
    if not sides and label is not None and not absent:
        findings.append(Finding("box-missing", label))
    gone = absence_said(reasoning, question) if sides else None
    if gone:
        findings.append(Finding("reasoning-absent", gone))
    return findings


def agrees(place, sides):
    return place.horizontal in (None, sides[0] or place.horizontal) and place.vertical in (
        None,
        sides[1] or place.vertical,
    )
