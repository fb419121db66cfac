import { getContext, setContext } from 'svelte';
import { defaultPreferences } from '../../preload/contract/index.ts';
import { KeysInUse } from '../view/keys-in-use.ts';

const name = Symbol('keys');
const ownKeys = new KeysInUse(defaultPreferences.keys);

/** Gives the keys that hold to every component of the window. */
export const provideKeys = (read: () => KeysInUse): void => void setContext(name, read);

/** The keys that hold, for a component's hints; the window's own where nobody gave any. Call it anew whenever they are shown. */
export function useKeys(): () => KeysInUse {
  return getContext<(() => KeysInUse) | undefined>(name) ?? (() => ownKeys);
}
