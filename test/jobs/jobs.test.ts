import { describe, expect, it } from 'vitest';
import { JobRegistry } from '../../main/jobs/job-registry.ts';
import type { Job } from '../../preload/contract/domain.ts';
import { WorkstationError } from '../../preload/contract/errors.ts';
import type { JobId } from '../../preload/contract/values.ts';

function registry() {
  const said: Job[] = [];
  const clock = { now: 0 };
  let ids = 0;
  const jobs = new JobRegistry({
    newId: () => `job-${ids++}`,
    now: () => clock.now,
    onChange: (job) => said.push(job),
  });
  return { jobs, said, clock };
}

describe('a job', () => {
  it('tells its start, its progress ten times a second at most, and its end once', () => {
    const { jobs, said, clock } = registry();
    const job = jobs.start('index', 'Counting', { total: 100 });
    for (clock.now = 0; clock.now <= 250; clock.now += 10) job.progress(clock.now, 300);
    job.finish();
    job.fail(new Error('too late'));
    job.progress(1, 2);
    expect(said.map(({ state, done }) => [state, done])).toEqual([
      ['running', 0],
      ['running', 100],
      ['running', 200],
      ['done', 300],
    ]);
  });

  it('is stopped by its own id, and no other with it', async () => {
    const { jobs } = registry();
    const other = jobs.start('model', 'Another');
    const running = jobs.run('import', 'Importing', async ({ signal }) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      signal.throwIfAborted();
    });
    jobs.cancel('job-1' as JobId);
    await expect(running).rejects.toThrow();
    expect(other.signal.aborted).toBe(false);
    expect(jobs.list().map(({ state }) => state)).toEqual(['running', 'cancelled']);
    expect(() => jobs.cancel('none' as JobId)).toThrow(WorkstationError);
  });

  it('fails with the reason of its work', async () => {
    const { jobs } = registry();
    const failing = jobs.run('import', 'Importing', () =>
      Promise.reject(new WorkstationError('data-malformed', 'Bad.', 'Mend it.')),
    );
    await expect(failing).rejects.toMatchObject({ code: 'data-malformed' });
    expect(jobs.list()).toMatchObject([{ state: 'failed', error: { code: 'data-malformed' } }]);
  });

  it('is forgotten long after its end, never while it runs', () => {
    const { jobs } = registry();
    jobs.start('model', 'Running');
    for (let index = 0; index < 80; index++) jobs.start('index', 'Short').finish();
    expect(jobs.list()).toHaveLength(51);
    expect(jobs.list()[0]?.title).toBe('Running');
  });
});
