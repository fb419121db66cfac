import { mount } from 'svelte';
import { z } from 'zod';
import './styles/base.css';
import App from './App.svelte';
import { connect } from './bridge/index.ts';

// The content security policy forbids code made from text, which zod would use for speed.
z.config({ jitless: true });

const target = document.getElementById('window');
if (!target) throw new Error('index.html has no element with the id "window"');

mount(App, { target, props: { connection: connect() } });
