// The number of pending questions in the title and on the icon of the tab, and
// notifications, if one wants them.

import { escapedText } from './escapes.js';

const MOST_SHOWN = 99;
const PREFERENCE = 'airlock.notifications';

let place = '';
let pending = 0;

function showTitle() {
  const name = place === '' ? 'Airlock' : `${place} · Airlock`;
  document.title = pending > 0 ? `(${pending}) ${name}` : name;
}

/**
 * Sets the name of the page one is on.
 * @param {string} name
 */
export function setPlace(name) {
  place = name;
  showTitle();
}

/**
 * The icon as SVG.
 * @param {number} count Pending questions; 0: no badge.
 */
export function iconSvg(count) {
  const text = count > MOST_SHOWN ? `${MOST_SHOWN}+` : String(count);
  const badge = count === 0 ? '' :
    '<circle cx="22" cy="10" r="10" fill="#c81e1e"/>' +
    `<text x="22" y="14.5" font-family="sans-serif" font-size="${text.length > 2 ? 10 : 13}" ` +
    `font-weight="bold" text-anchor="middle" fill="#fff">${text}</text>`;
  return '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">' +
    '<rect x="2" y="2" width="28" height="28" rx="8" fill="#1d4ed8"/>' +
    '<circle cx="16" cy="16" r="8" fill="none" stroke="#fff" stroke-width="3"/>' +
    `<path d="M16 8v16M8 16h16" stroke="#fff" stroke-width="2"/>${badge}</svg>`;
}

/**
 * Shows how many questions are pending.
 * @param {number} count
 */
export function setPending(count) {
  if (count === pending) return;
  pending = count;
  showTitle();
  const link = document.querySelector('link[rel="icon"]');
  link.href = count === 0 ? '/page/favicon.svg' : `data:image/svg+xml,${encodeURIComponent(iconSvg(count))}`;
}

/** Whether this browser can notify and was asked to. */
export function wantsNotifications() {
  return 'Notification' in window && Notification.permission === 'granted' &&
    window.localStorage.getItem(PREFERENCE) === 'on';
}

/**
 * Turns notifications on or off.
 * @param {boolean} on
 * @returns {Promise<boolean>} Whether they are on now.
 */
export async function setNotifications(on) {
  if (on && 'Notification' in window) await Notification.requestPermission();
  window.localStorage.setItem(PREFERENCE, on ? 'on' : 'off');
  return wantsNotifications();
}

/**
 * Notifies of a question, unless the page is seen. The text says only who asks
 * for what kind of thing: a notification shows on a locked screen.
 * @param {object} approval
 * @param {() => void} open Called when it is clicked.
 */
export function notify(approval, open) {
  if (!wantsNotifications() || document.visibilityState === 'visible') return;
  const notification = new Notification('Airlock: a question waits', {
    body: escapedText(`Agent ${approval.agent} asks for an answer.`),
    tag: approval.id,
    icon: '/page/favicon.svg',
  });
  notification.onclick = () => {
    window.focus();
    open();
    notification.close();
  };
}
