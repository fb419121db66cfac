import type { Engine } from '../../../main/inference/engine/engine.ts';
import type { AnswerResult } from '../../../main/inference/messages.ts';
import { createServerEngine } from '../../../main/inference/server/index.ts';
import { makeConfigurationFolder } from './configured.ts';
import { startModelServer, tls, type ModelServer } from './start.ts';

/** A server that writes a script, and engines that are set up to ask it. */
export interface ServedEngines {
  readonly server: ModelServer;
  /** What the engines have logged. */
  readonly lines: readonly string[];
  engineFor(settings?: object, port?: number): Promise<Engine>;
  loaded(settings?: object): Promise<Engine>;
  /** Ends the engines, and makes the server well again. */
  tidy(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts a process that speaks the form of vLLM's API over HTTPS (written after vLLM's protocol, not vLLM itself). Its
 * text is a script, so that what is tested is the way there and back.
 */
export async function startServedEngines(): Promise<ServedEngines> {
  const administrator = await makeConfigurationFolder();
  const server = await startModelServer({ model: 'surgery-r1', key: 'secret-word', tls });
  const opened: Engine[] = [];
  const lines: string[] = [];
  const engineFor = async (settings: object = {}, port = server.port): Promise<Engine> => {
    const configuration = await administrator.read({
      url: `https://localhost:${port}`,
      key: 'secret-word',
      caFile: tls.certificate,
      retries: 1,
      // Test pictures of the load go up to this size.
      maxPixels: 200_704,
      ...settings,
    });
    const options = { log: (line: string) => lines.push(line), lookAgainMilliseconds: 50 };
    const engine = createServerEngine(configuration!, options);
    opened.push(engine);
    return engine;
  };
  return {
    server,
    lines,
    engineFor,
    loaded: async (settings) => {
      const engine = await engineFor(settings);
      await engine.load({ directory: '' });
      return engine;
    },
    tidy: async () => {
      await Promise.all(opened.splice(0).map((engine) => engine.dispose()));
      await server.behave({});
    },
    stop: async () => {
      await server.stop();
      await administrator.remove();
    },
  };
}

/** What goes wrong in loading, for a test to look at. */
export const load = (engine: Engine): Promise<unknown> =>
  engine.load({ directory: '' }).catch((error: unknown) => error);

const size = { width: 448, height: 364 };
const rgb = Uint8Array.from({ length: size.width * size.height * 3 }, (_, index) => index % 251);
const frame = { ...size, rgb, hash: 'a-frame' };

export const ask = (
  engine: Engine,
  more: Partial<Parameters<Engine['ask']>[0]> = {},
): Promise<AnswerResult> => engine.ask({ frame, question: 'What organ is being operated?', ...more });
