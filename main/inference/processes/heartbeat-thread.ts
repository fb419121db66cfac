import { writeSync } from 'node:fs';

/**
 * Entry of the second thread of a process of ours. A run of a graph blocks the first one, sometimes for minutes; this one
 * goes on telling how much memory and processor time the process takes. The channel to the workstation belongs to the
 * first thread, so that the heartbeat goes out as lines on the standard output, which `readHeartbeat` reads: resident
 * bytes, and milliseconds of processor time since the start.
 */
const intervalMilliseconds = 500;

function beat(): void {
  const { user, system } = process.cpuUsage();
  const line = `heartbeat ${process.memoryUsage.rss()} ${Math.round((user + system) / 1000)}\n`;
  try {
    writeSync(1, line);
  } catch (error) {
    // Nobody reads lines at the moment, so this one is left out and the next one will do.
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return;
    // The workstation has ended, so nobody waits for the run that may keep the first thread busy for minutes.
    process.kill(process.pid, 'SIGKILL');
  }
}

// At once, too: what hangs may do so from the beginning.
beat();
setInterval(beat, intervalMilliseconds);
