import { fork, type ChildProcess } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Behaviour, FromServer, Seen, ServerOptions, ToServer } from './messages.ts';

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../fixtures/server/${name}`, import.meta.url));

/** A key pair made for these tests alone: `localhost` and 127.0.0.1, signed by itself, until 2126. */
export const tls = { certificate: fixture('certificate.pem'), key: fixture('key.pem') };
/** Of the same names, with another key. */
export const otherCertificate = fixture('other-certificate.pem');

/** A server of models in a process of its own. */
export interface ModelServer {
  readonly port: number;
  readonly process: ChildProcess;
  behave(behaviour: Behaviour): Promise<void>;
  seen(): Promise<Seen>;
  stop(): Promise<void>;
}

export async function startModelServer(options: ServerOptions): Promise<ModelServer> {
  const entry = fileURLToPath(new URL('./server-process.ts', import.meta.url));
  const child = fork(entry, [JSON.stringify(options)], { execArgv: [] });
  const heard = new EventEmitter();
  child.on('message', (message: FromServer) => heard.emit(message.type, message));
  child.on('exit', (code) => heard.emit('error', new Error(`the server's process ended with ${code}`)));
  heard.on('error', () => undefined);
  const reply = async <Type extends FromServer['type']>(
    type: Type,
    message?: ToServer,
  ): Promise<Extract<FromServer, { type: Type }>> => {
    const hearing = once(heard, type);
    if (message !== undefined) child.send(message);
    const [answer] = (await hearing) as [Extract<FromServer, { type: Type }>];
    return answer;
  };
  const { port } = await reply('listening');
  return {
    port,
    process: child,
    behave: async (behaviour) => void (await reply('behaves', { type: 'behave', behaviour })),
    seen: async () => (await reply('seen', { type: 'seen' })).seen,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}
