import { describe, expect, it } from 'vitest';
import { FilesToOpen } from '../../main/hosts/electron/files-to-open.ts';

describe('files that the system asks to open', () => {
  it('wait until the workstation is there, and are opened in the order asked', async () => {
    const files = new FilesToOpen();
    files.add('/asked/before/ready.mp4');
    files.add('/asked/while/loading.mp4');
    expect(files.take()).toEqual(['/asked/before/ready.mp4', '/asked/while/loading.mp4']);
    files.add('/asked/between.mp4');
    const opened: string[] = [];
    files.openWith(async (path) => {
      // The first takes longer than the second.
      await new Promise((later) => setTimeout(later, path.includes('between') ? 20 : 0));
      opened.push(path);
    });
    files.add('/asked/later.mp4');
    while (opened.length < 2) await new Promise((later) => setTimeout(later, 1));
    expect(opened).toEqual(['/asked/between.mp4', '/asked/later.mp4']);
    expect(files.take()).toEqual([]);
  });
});
