import { readFile, writeFile } from 'node:fs/promises';
import { openVideo } from '../../../main/video/index.ts';
import { ClipFolder, recipes } from '../../video/clips.ts';
import { mutated, randomOf, type Tally } from './tally.ts';

/** Containers and codecs of which damaged copies are made, short so that an input takes little. */
const kinds = ['mp4-b-frames', 'mkv', 'ts', 'avi-mjpeg', 'avi-mpeg4', 'ps-mpeg2'] as const;

/** Damaged videos: opened, their frames counted, and some of them decoded. */
export async function attackVideos(tally: Tally, seed: number, first: number, count: number): Promise<void> {
  const clips = new ClipFolder();
  try {
    const sound: { content: Buffer; extension: string }[] = [];
    for (const kind of kinds) {
      const recipe = { ...recipes[kind]!, frames: 30, width: 96, height: 72 };
      const path = await clips.make(kind, recipe);
      sound.push({ content: await readFile(path), extension: recipe.extension });
    }
    for (let input = first; input < first + count; input += 1) {
      const random = randomOf(seed, tally.attack, input);
      const { content, extension } = random.pick(sound);
      const path = clips.file(`damaged.${random.chance(0.9) ? extension : random.pick(sound).extension}`);
      await writeFile(path, mutated(content, random));
      await tally.take(input, async (signal) => {
        const video = await openVideo(path, { signal });
        try {
          const { frames } = await video.buildIndex({ signal });
          for (const index of [0, random.integer(0, frames - 1), frames - 1]) {
            const { rgb, width, height } = await video.frame(index, { signal });
            if (rgb.length !== width * height * 3) throw new Error(`a frame of ${rgb.length} bytes`);
          }
        } finally {
          video.dispose();
        }
      });
    }
  } finally {
    clips.remove();
  }
}
