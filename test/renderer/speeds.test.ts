// @vitest-environment happy-dom
import { cleanup, fireEvent, render, screen } from '@testing-library/svelte';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import PictureControls from '../../renderer/components/PictureControls.svelte';
import SpeedMenu from '../../renderer/components/SpeedMenu.svelte';
import { Player } from '../../renderer/state/player.svelte.ts';
import { onlyRecording } from '../../renderer/state/recordings.svelte.ts';
import { View } from '../../renderer/state/view.svelte.ts';
import { nextSpeed } from '../../renderer/view/speeds.ts';
import { FakeWorkstation } from './fake-workstation.ts';
import { FramePixels } from './pixels.ts';

afterEach(cleanup);

describe('speeds', () => {
  let player: Player;

  beforeEach(() => {
    const workstation = new FakeWorkstation();
    player = new Player({
      fetchMedia: new FramePixels().fetch,
      recordings: onlyRecording(() => workstation.video),
      onShown: () => undefined,
    });
  });
  afterEach(() => player.dispose());

  test('go down to a tenth and up to eight times, and stay at either end', () => {
    const down = [1, 2, 3, 4, 5].map(() => {
      player.changeSpeed('slower');
      return player.rate;
    });
    expect(down).toEqual([0.5, 0.25, 0.1, 0.1, 0.1]);
    const up = [1, 2, 3, 4, 5, 6, 7, 8].map(() => {
      player.changeSpeed('faster');
      return player.rate;
    });
    expect(up).toEqual([0.25, 0.5, 1, 1.5, 2, 4, 8, 8]);
  });

  test('keep the direction backwards, where one is the slowest', () => {
    expect([-8, -4, -2, -1].map((rate) => nextSpeed(rate, 'slower'))).toEqual([-4, -2, -1, -1]);
    expect([-1, -2, -4, -8].map((rate) => nextSpeed(rate, 'faster'))).toEqual([-2, -4, -8, -8]);
  });

  test('are chosen from a menu, which says the one that holds; one backwards plays backwards at once', async () => {
    await player.showIndex(60);
    render(SpeedMenu, { player });
    const chip = screen.getByRole('button', { name: 'Speed: 1 times' });
    await fireEvent.click(chip);
    const items = screen.getAllByRole('menuitemradio', { hidden: true });
    expect(items.map(({ textContent }) => textContent)).toEqual([
      ...['8×', '4×', '2×', '1.5×', '1×', '0.5×', '0.25×', '0.1×'],
      ...['◀ 1×', '◀ 2×', '◀ 4×', '◀ 8×'],
    ]);
    expect(
      items
        .filter((item) => item.getAttribute('aria-checked') === 'true')
        .map(({ textContent }) => textContent),
    ).toEqual(['1×']);
    await fireEvent.click(items[7]!);
    expect(player.rate).toBe(0.1);
    await fireEvent.click(screen.getByRole('button', { name: 'Speed: 0.1 times' }));
    await fireEvent.click(screen.getAllByRole('menuitemradio', { hidden: true })[9]!);
    await expect.poll(() => player.rate).toBe(-2);
    expect(screen.getByRole('button', { name: 'Speed: 2 times, backwards' }).textContent.trim()).toBe('◀ 2×');
    player.endRun();
  });
});

describe('brightness and contrast', () => {
  test('are said with what they are not, and are a filter of the drawing alone', async () => {
    const view = new View();
    expect([view.filter, view.adjustment]).toEqual([null, null]);
    render(PictureControls, { view });
    await fireEvent.click(screen.getByRole('button', { name: 'Brightness, contrast, eye' }));
    const [brightness, contrast] = screen.getAllByRole<HTMLInputElement>('slider');
    await fireEvent.input(contrast!, { target: { value: '10' } });
    expect(view.adjustment).toBe('view: contrast +10, not sent to the model');
    await fireEvent.input(brightness!, { target: { value: '-20' } });
    expect(view.adjustment).toBe('view: brightness −20, contrast +10, not sent to the model');
    expect(view.filter).toBe('brightness(80%) contrast(110%)');
    await fireEvent.click(screen.getByRole('button', { name: 'As recorded' }));
    expect([view.filter, view.adjustment, brightness!.value]).toEqual([null, null, '0']);
    await fireEvent.keyDown(brightness!, { key: 'Escape' });
    expect(screen.queryByRole('slider')).toBeNull();
    expect(document.activeElement).toBe(screen.getByRole('button', { name: 'Brightness, contrast, eye' }));
  });
});
