/** What a test tells the server's process, and hears from it. */
export interface ServerOptions {
  /** An imported model; without one the server writes a script. */
  readonly directory?: string;
  readonly model: string;
  readonly key?: string;
  readonly port?: number;
  readonly tls?: { readonly certificate: string; readonly key: string };
}

/** How the server does not do what it should. Counts are of tokens of an answer. */
export interface Behaviour {
  /** So many requests are refused with the status; 0 ends the connection. */
  readonly busy?: { times: number; readonly status: number; readonly retryAfter?: string };
  readonly redirect?: string;
  readonly refuse?: string;
  readonly breakAfter?: number;
  readonly malformedAfter?: number;
  readonly errorAfter?: number;
  readonly silentAfter?: number;
  readonly millisecondsPerToken?: number;
  readonly silentProbabilities?: boolean;
  readonly partReasoning?: boolean;
  readonly blind?: boolean;
  /** More image tokens than there are, for each that there is. */
  readonly extraImageTokens?: number;
  readonly owner?: string;
  readonly script?: readonly string[];
}

export type ToServer = { readonly type: 'behave'; readonly behaviour: Behaviour } | { readonly type: 'seen' };

export interface Seen {
  readonly requests: number;
  /** Chat completions at one time, since it was told how to behave. */
  readonly most: number;
  /** Chat completions that the other side left before their end. */
  readonly left: number;
  /** Of chat completions, the picture replaced by its length. */
  readonly bodies: readonly unknown[];
  readonly keys: readonly string[];
}

export type FromServer =
  | { readonly type: 'listening'; readonly port: number }
  | { readonly type: 'behaves' }
  | { readonly type: 'seen'; readonly seen: Seen };
