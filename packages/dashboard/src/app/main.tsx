import { render } from 'solid-js/web';
import { App } from './app.js';
import './fonts.css';
import './base.css';
import './frame.css';

const root = document.getElementById('page');
if (root === null) throw new Error('cannot start the page: index.html has no #page');
render(() => <App />, root);
