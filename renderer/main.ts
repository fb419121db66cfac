import { mount } from 'svelte';
import { z } from 'zod';
import './styles/base.css';
import App from './App.svelte';
import { connect } from './bridge/index.ts';
import { claimByLock, usePass, WindowPass } from './bridge/pass.ts';
import Presenting from './presenting/Presenting.svelte';
import NoEntry from './components/NoEntry.svelte';
import { chooseLanguage, languageSetting } from './words/say.ts';

// The content security policy forbids code made from text, which zod would use for speed.
z.config({ jitless: true });

chooseLanguage(localStorage.getItem(languageSetting));

const target = document.getElementById('window');
if (!target) throw new Error('index.html has no element with the id "window"');

const { origin, search, pathname } = window.location;
const token = new URLSearchParams(search).get('token');
// It has done its work once it was shown, and should stand in no bookmark.
if (token !== null) window.history.replaceState(null, '', pathname);
const channel = new BroadcastChannel('workstation');
const claim = claimByLock(navigator.locks);
const pass = await WindowPass.enter({ origin, storage: sessionStorage, channel, claim }, token);
if (pass === null) {
  mount(NoEntry, {
    target,
    props: { used: token !== null, origin, onRetry: () => window.location.reload() },
  });
} else {
  usePass(pass);
  const of = new URLSearchParams(search).get('present');
  if (of === null) mount(App, { target, props: { connection: connect(pass) } });
  else mount(Presenting, { target, props: { of } });
}
