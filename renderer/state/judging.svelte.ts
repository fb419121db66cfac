import { SvelteMap } from 'svelte/reactivity';
import {
  awaitsVerdict,
  judgementInWords,
  placedThings,
  reasoningSteps,
  rejectReasonWords,
  StepMark,
  stepMarkWords,
  type ActorId,
  type Answer,
  type AnswerId,
  type Box,
  type Bridge,
  type Command,
  type Entry,
  type EntrySummary,
  type ErrorReport,
  type RejectReason,
  type Session,
  type Size,
  type StepMark as Mark,
  type Verdict,
  type Video,
} from '../../preload/contract/index.ts';
import {
  boxInWords,
  middleBox,
  moveBox,
  type BoxPart,
  type EditedBox,
  type EditedPart,
} from '../view/box-editing.ts';
import type { Point } from '../view/viewport.ts';
import { spelt, vocabularyOf } from './vocabulary.ts';
import type { Announcer } from './announcer.svelte.ts';
import {
  beginDraft,
  boxesBeside,
  commandOf,
  labelIn,
  otherPicture,
  whyNotJudged,
  withAnother,
  withoutActive,
  type Draft,
  type DraftThing,
} from './correction-draft.ts';

/** What is judged, as the review has it. */
interface Judged {
  readonly session: Pick<Session, 'id'>;
  readonly video: Size & Pick<Video, 'eye'>;
  /** The answer on show. */
  readonly answer: Answer | null;
  /** Its question, with what everybody said of its answers. */
  readonly selected: Entry | null;
  readonly entries: readonly EntrySummary[];
}

interface Parts {
  bridge: Pick<Bridge, 'apply'>;
  announcer: Announcer;
  /** Who acts in this window; null until that is known. */
  actor: () => ActorId | null;
  /** The labels that the site agreed on; none by default. */
  siteLabels?: () => readonly string[];
  /** Resolves when what was changed is on show. */
  catchUp: () => Promise<void>;
  /** Called after a decision was taken. */
  onJudged?: () => void;
}

/** The marks of a step in the order in which its key goes through them; after the last one there is none. */
const marksInTurn = StepMark.options;

/** What this person says of the answer on show, and what they are about to say of it. */
export class Judging implements EditedBox {
  /** Why the last command was not carried out. */
  fault = $state.raw<ErrorReport | null>(null);
  /** The answer whose rejection asks for its reason. */
  rejecting = $state<AnswerId | null>(null);
  /** What the keys are to work next, once it is drawn. */
  wants = $state.raw<EditedPart | null>(null);
  /** Of each answer of which a correction was begun: going to another one and back loses nothing. */
  readonly #drafts = new SvelteMap<AnswerId, Draft>();
  /** The same for notes that are being written. */
  readonly #notes = new SvelteMap<AnswerId, string>();
  #keeping: Promise<boolean> | null = null;
  readonly #of: Judged;
  readonly #parts: Parts;

  constructor(of: Judged, parts: Parts) {
    this.#of = of;
    this.#parts = parts;
  }

  /** All that was said of the answer on show, by this person or by others. */
  readonly said: readonly Verdict[] = $derived.by(() => {
    const answerId = this.#of.answer?.id;
    return (this.#of.selected?.verdicts ?? []).filter((verdict) => verdict.answerId === answerId);
  });

  readonly own: Verdict | null = $derived.by(
    () => this.said.find(({ actor }) => actor === this.#parts.actor()) ?? null,
  );

  readonly others: readonly Verdict[] = $derived(this.said.filter((verdict) => verdict !== this.own));

  /** What this person put in place of the model's label and box; null where the answer was not corrected. */
  readonly correction = $derived.by(() =>
    this.own?.judgement?.decision === 'corrected' ? this.own.judgement : null,
  );

  /** Its boxes. */
  readonly ownBoxes = $derived.by(() => (this.correction === null ? [] : placedThings(this.correction)));

  /** The correction of the answer on show that is under way. */
  readonly draft: Draft | null = $derived.by(() => {
    const answer = this.#of.answer;
    return (answer && this.#drafts.get(answer.id)) ?? null;
  });

  /** What of it the fields and the box editor are about; null where it names nothing. */
  readonly thing: DraftThing | null = $derived.by(() => this.draft?.things[this.draft.active] ?? null);

  /** The boxes of the list under way, but for the one that the editor works. */
  readonly otherBoxes = $derived.by(() => {
    const answer = this.#of.answer;
    return this.draft && answer ? boxesBeside(this.draft, answer) : [];
  });

  /** The box that the editor works. */
  get box(): Box | null {
    return this.thing?.box ?? null;
  }

  /** The note on the answer on show as far as it is typed; null where none is being written. */
  readonly noteDraft: string | null = $derived.by(() => {
    const answer = this.#of.answer;
    return (answer && this.#notes.get(answer.id)) ?? null;
  });

  /** Labels to choose from: the model's, the site's, and those that the session has. */
  readonly vocabulary = $derived.by(() => vocabularyOf(this.#of, this.#parts.siteLabels?.()));

  /** The steps of the answer on show, each with its mark. */
  readonly steps = $derived.by(() => {
    const marks = this.own?.marks ?? [];
    return reasoningSteps(this.#of.answer?.reasoning ?? '').map((step) => ({
      ...step,
      mark: marks.find(({ from }) => from === step.from)?.mark ?? null,
    }));
  });

  accept(): Promise<boolean> {
    return this.#judge('Accepted', (answerId) => ({ name: 'verdict.accept', answerId }));
  }

  /** Rejects the answer; `own` are the site's own words for the reason, if it was one of the site. */
  reject(reason: RejectReason, own: { readonly words?: string } = {}): Promise<boolean> {
    this.rejecting = null;
    const words = `Rejected: ${own.words ?? rejectReasonWords[reason]}`;
    return this.#judge(words, (answerId) => ({ name: 'verdict.reject', answerId, reason, ...own }));
  }

  /** Takes the decision back, and leaves marks and note. */
  async reopen(): Promise<void> {
    const answer = this.#of.answer;
    if (!answer) return;
    if (!this.own?.judgement) return this.#parts.announcer.say('This answer is open already');
    if (await this.#apply({ name: 'verdict.reopen', answerId: answer.id })) {
      this.#parts.announcer.say('Reopened');
    }
  }

  /** Asks what is wrong. */
  askReason(): void {
    const answer = this.#judgeable();
    if (answer) this.rejecting = answer.id;
  }

  /** Gives a step a mark, or takes it away where it has that one. */
  async mark(step: number, mark: Mark): Promise<void> {
    const now = this.steps[step]?.mark ?? null;
    await this.#mark(step, now === mark ? null : mark);
  }

  /** Right, wrong, not visible, none, and round again. */
  async cycle(step: number): Promise<void> {
    const now = this.steps[step];
    if (now === undefined) return;
    const next = now.mark === null ? 0 : marksInTurn.indexOf(now.mark) + 1;
    await this.#mark(step, marksInTurn[next] ?? null);
  }

  beginNote(): void {
    const answer = this.#judgeable();
    if (answer && !this.#notes.has(answer.id)) this.#notes.set(answer.id, this.own?.note ?? '');
  }

  typeNote(note: string): void {
    const answer = this.#of.answer;
    if (answer) this.#notes.set(answer.id, note);
  }

  async keepNote(): Promise<void> {
    const answer = this.#judgeable();
    const note = this.noteDraft;
    if (!answer || note === null) return;
    if (!(await this.#apply({ name: 'verdict.note', answerId: answer.id, note }))) return;
    this.#notes.delete(answer.id);
    this.#parts.announcer.say(note.trim() === '' ? 'Note taken away' : 'Note kept');
  }

  leaveNote(): void {
    const answer = this.#of.answer;
    if (answer) this.#notes.delete(answer.id);
    this.fault = null;
  }

  /** Goes on with the correction of the answer on show, or begins one where it stands now. */
  correct(first: EditedPart): void {
    const answer = this.#judgeable();
    if (!answer) return;
    // What is being kept is recorded first, and another correction begins from that.
    if (this.#keeping) {
      return void this.#keeping.then(() => this.#of.answer?.id === answer.id && this.correct(first));
    }
    const other = otherPicture(answer, this.#of.video);
    if (other !== null) return this.#parts.announcer.say(other);
    if (!this.#drafts.has(answer.id)) {
      this.#drafts.set(answer.id, beginDraft(answer, this.own?.judgement ?? null));
      this.#parts.announcer.say('Correction begun. Enter keeps it, Escape leaves it.');
    }
    if (first === 'box' && this.thing?.box === null) this.addBox();
    this.wants = first;
  }

  relabel(label: string): void {
    this.#changeThing({ label });
  }

  /** Turns fields and box editor to another thing of the list. */
  choose(active: number): void {
    this.#change({ active });
  }

  /** Adds a thing that the model did not name, to be labelled and placed. */
  addThing(): void {
    const { draft } = this;
    if (!draft?.several) return;
    this.#change(withAnother(draft));
    this.#parts.announcer.say(`Thing ${draft.things.length + 1} added: give it a label`);
    this.wants = 'label';
  }

  /** Takes the chosen thing out of the list. */
  removeThing(): void {
    const { draft } = this;
    if (!draft?.several || draft.things.length === 0) return;
    this.#change(withoutActive(draft));
    this.#parts.announcer.say(`Taken out: ${draft.things.length - 1} left`);
  }

  /** Puts a box where there is none: the middle of the frame, to be moved from there. */
  addBox(): void {
    const answer = this.#of.answer;
    if (answer) this.place(middleBox(this.#pictureOf(answer)));
  }

  place(box: Box | null): void {
    this.#changeThing({ box });
  }

  /** Moves a part of the draft's box by source pixels, and says where it lies then. */
  moveBox(part: BoxPart, by: Point): void {
    const answer = this.#of.answer;
    const box = this.thing?.box;
    if (!answer || !box) return;
    const moved = moveBox(box, part, by, this.#pictureOf(answer));
    this.place(moved);
    this.#parts.announcer.settle(boxInWords(moved));
  }

  /** Returns whether the correction was taken; one that was not stays as it is, with the reason in `fault`. */
  keep(): Promise<boolean> {
    this.#keeping ??= this.#keepDraft().finally(() => (this.#keeping = null));
    return this.#keeping;
  }

  async #keepDraft(): Promise<boolean> {
    const { draft } = this;
    const answer = this.#of.answer;
    if (!draft || !answer) return false;
    const command = commandOf(draft, answer, (label) => spelt(label, this.vocabulary));
    const words = judgementInWords({ decision: 'corrected', at: 0, label: labelIn(command), box: null });
    const kept = await this.#judge(words, () => command, true);
    // Another decision than the one at the beginning was told now: to keep it again is meant.
    if (this.fault?.code === 'changed-since') {
      await this.#parts.catchUp();
      this.#change({ since: this.own?.judgement?.at ?? null }, true);
    }
    if (kept) this.#drafts.delete(answer.id);
    return kept;
  }

  /** Leaves the correction without a trace. */
  leave(): void {
    const { draft } = this;
    if (!draft) return;
    this.#drafts.delete(draft.answerId);
    this.fault = null;
    this.#parts.announcer.say('Correction left');
  }

  /** What Escape closes, the nearest first; returns whether there was anything. */
  escape(): boolean {
    if (this.rejecting !== null) this.rejecting = null;
    else if (this.noteDraft !== null) this.leaveNote();
    else if (this.draft) this.leave();
    else return false;
    return true;
  }

  /** Whether A can accept the answer on show. */
  readonly canAccept = $derived.by(() => this.#of.answer !== null && awaitsVerdict(this.#of.answer.status));

  /** Whether it can be corrected, rejected, marked and noted. */
  readonly canJudge = $derived.by(() => whyNotJudged(this.#of.answer) === null);

  /** Size of the picture that an answer is about. */
  #pictureOf(answer: Answer): Size {
    return answer.frame?.picture ?? this.#of.video;
  }

  #change(change: Partial<Draft>, keepsFault = false): void {
    const { draft } = this;
    if (!draft) return;
    if (!keepsFault) this.fault = null;
    this.#drafts.set(draft.answerId, { ...draft, ...change });
  }

  #changeThing(change: Partial<DraftThing>): void {
    const { draft } = this;
    if (!draft) return;
    this.#change({
      things: draft.things.map((thing, i) => (i === draft.active ? { ...thing, ...change } : thing)),
    });
  }

  async #mark(step: number, mark: Mark | null): Promise<void> {
    const answer = this.#judgeable();
    if (!answer) return;
    if (!(await this.#apply({ name: 'verdict.mark', answerId: answer.id, step, mark }))) return;
    const word = mark === null ? 'without a mark' : stepMarkWords[mark].word;
    this.#parts.announcer.say(`Step ${step + 1}: ${word}`);
  }

  /** The answer on show where it can be judged; else says why it can't. */
  #judgeable(): Answer | null {
    const answer = this.#of.answer;
    const why = whyNotJudged(answer);
    if (why !== null) this.#parts.announcer.say(why);
    return why === null ? answer : null;
  }

  async #judge(words: string, command: (answerId: AnswerId) => Command, ofDraft = false): Promise<boolean> {
    const answer = this.#judgeable();
    if (!answer) return false;
    if (this.draft && !ofDraft) {
      this.#parts.announcer.say('A correction is under way: keep it with Enter, or leave it with Escape');
      return false;
    }
    if (!(await this.#apply(command(answer.id)))) return false;
    this.#parts.announcer.say(words.replace(/^./, (letter) => letter.toUpperCase()));
    this.#parts.onJudged?.();
    return true;
  }

  async #apply(command: Command): Promise<boolean> {
    const done = await this.#parts.bridge.apply({ sessionId: this.#of.session.id, command });
    this.fault = done.ok ? null : done.error;
    if (!done.ok) {
      this.#parts.announcer.say(`${done.error.message} ${done.error.hint}`);
      return false;
    }
    await this.#parts.catchUp();
    return true;
  }
}
