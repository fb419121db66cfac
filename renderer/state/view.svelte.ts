import type { Size } from '../../preload/contract/index.ts';
import { fit, held, pan, zoomAt, zoomStep, type Point, type Viewport } from '../view/viewport.ts';

const nothing: Viewport = { scale: 1, x: 0, y: 0 };

/** The most that brightness or contrast is changed by, up and down, in percent of what the picture has. */
export const mostAdjustment = 80;

/** Zoom and place of the picture on the stage, and how light it is drawn; stays as it is while frames come and go. */
export class View {
  /** Percent more or less than recorded. For the eye alone: what is asked about, exported and hashed stays the frame itself. */
  brightness = $state(0);
  contrast = $state(0);
  /** Boxes are kept back on the stage, and in windows for presenting the answer, too. */
  overlaysHidden = $state(false);
  /** A key asked for the choice of an eye, which takes the focus. */
  wantsEye = $state(false);
  stage = $state.raw<Size | null>(null);
  picture = $state.raw<Size | null>(null);
  readonly #tell: (text: string) => void;
  /** Null while the whole picture is shown, however large the stage. */
  #chosen = $state.raw<Viewport | null>(null);

  /** @param tell takes the zoom in words, for those who do not see it */
  constructor(tell: (text: string) => void = () => undefined) {
    this.#tell = tell;
  }

  readonly viewport: Viewport = $derived.by(() => {
    if (!this.stage || !this.picture) return nothing;
    return this.#chosen ? held(this.#chosen, this.picture, this.stage) : fit(this.picture, this.stage);
  });

  /** How the picture is drawn, as a CSS filter; null where it is drawn as it is. */
  readonly filter: string | null = $derived(
    this.brightness === 0 && this.contrast === 0
      ? null
      : `brightness(${100 + this.brightness}%) contrast(${100 + this.contrast}%)`,
  );

  /** What is changed for the eye alone, in words; null where nothing is. */
  readonly adjustment: string | null = $derived.by(() => {
    const parts = [
      ['brightness', this.brightness],
      ['contrast', this.contrast],
    ] as const;
    const said = parts
      .filter(([, by]) => by !== 0)
      .map(([name, by]) => `${name} ${by > 0 ? '+' : '−'}${Math.abs(by)}`);
    return said.length === 0 ? null : `view: ${said.join(', ')}, not sent to the model`;
  });

  toggleOverlays(): void {
    this.overlaysHidden = !this.overlaysHidden;
    this.#tell(this.overlaysHidden ? 'Boxes hidden' : 'Boxes shown');
  }

  asRecorded(): void {
    this.brightness = 0;
    this.contrast = 0;
    this.#tell('As recorded');
  }

  get fitted(): boolean {
    return this.#chosen === null;
  }

  /** `at` in stage pixels; the middle of the stage where it is left out. */
  zoom(factor: number, at?: Point): void {
    if (!this.stage || !this.picture) return;
    const middle = { x: this.stage.width / 2, y: this.stage.height / 2 };
    const next = zoomAt(this.viewport, factor, at ?? middle, this.picture, this.stage);
    const whole = fit(this.picture, this.stage).scale;
    this.#chosen = next.scale <= whole * 1.001 ? null : next;
    this.#tell(this.#chosen ? `Zoom ${Math.round(next.scale * 100)} %` : 'Whole frame');
  }

  zoomIn(): void {
    this.zoom(zoomStep);
  }

  zoomOut(): void {
    this.zoom(1 / zoomStep);
  }

  pan(by: Point): void {
    if (!this.stage || !this.picture || !this.#chosen) return;
    this.#chosen = pan(this.viewport, by, this.picture, this.stage);
  }

  /** Looks further to a side of an enlarged picture, by an eighth of the stage: (1, 0) is to the right. */
  look(x: -1 | 0 | 1, y: -1 | 0 | 1): void {
    if (this.stage) this.pan({ x: (-x * this.stage.width) / 8, y: (-y * this.stage.height) / 8 });
  }

  fit(): void {
    this.#chosen = null;
    this.#tell('Whole frame');
  }
}
