// What is around every page: where one can go, who one is, keys.

import { html, useEffect, useRef, useState } from '../vendor/preact-htm.js';
import { notify, setNotifications, setPending, setPlace, wantsNotifications } from '../base/badge.js';
import { go } from '../base/routes.js';
import { KeysDialog } from './dialog.js';
import { useFeed, useKeys, useMayCall, usePrincipal } from './hooks.js';

// Name of the route, address, text, and what one must be allowed to call.
const PLACES = [
  ['approvals', '/approvals', 'Approvals', 'ApprovalService/ListApprovals'],
  ['executions', '/executions', 'Executions', 'ExecutionService/ListExecutions'],
  ['overview', '/overview', 'Overview', 'ReportService/GetActivity'],
  ['audit', '/audit', 'Audit', 'AuditService/ListAuditRecords'],
  ['sandboxes', '/sandboxes', 'Sandboxes', 'ExecutionService/ListWaitingExecutions'],
  ['policy', '/policy', 'Policy', 'PolicyService/GetPolicyStatus'],
  ['standing', '/standing', 'Standing', 'StandingApprovalService/ListStandingApprovals'],
  ['report', '/report', 'Report', 'ReportService/GetApprovalReport'],
];

const PARENTS = { approval: 'approvals', execution: 'executions', record: 'audit' };

/** The place a route belongs to. */
export const placeOf = (route) => PARENTS[route.name] || route.name;

/**
 * What one must be allowed to call to see a place; undefined: nothing.
 * @param {string} place
 */
export const neededFor = (place) => PLACES.find(([name]) => name === place)?.[3];

function Navigation({ place }) {
  const mayCall = useMayCall();
  const pending = useFeed().pending.size;
  return html`<nav aria-label="Pages"><ul>${PLACES.filter(([, , , method]) => mayCall(method)).map(([name, address, text]) => html`
    <li key=${name}><a href=${address} aria-current=${name === place ? 'page' : undefined}>${text}${name === 'approvals' && pending > 0
      ? html` <span class="count" aria-label=${`${pending} pending`}>${pending}</span>` : ''}</a></li>`)}</ul></nav>`;
}

function NotificationSwitch() {
  const [on, setOn] = useState(wantsNotifications);
  const change = async () => setOn(await setNotifications(!on));
  if (!('Notification' in window)) return null;
  return html`<button type="button" aria-pressed=${on ? 'true' : 'false'} onClick=${change}>Notify${on ? ': on' : ''}</button>`;
}

function Me({ onSignOut, onKeys }) {
  const { id, role } = usePrincipal();
  return html`<div class="me"><span><strong>${id}</strong> <span class="quiet">${role}</span></span>
    <${NotificationSwitch} />
    <button type="button" class="keys-button" onClick=${onKeys} aria-label="Keys">?</button>
    <button type="button" onClick=${onSignOut}>Sign out</button></div>`;
}

// Tells the tab how much waits, and the person if wanted.
function useTold(place) {
  const feed = useFeed();
  useEffect(() => setPending(feed.pending.size), [feed.pending.size]);
  useEffect(() => () => setPending(0), []);
  useEffect(() => setPlace(PLACES.find(([name]) => name === place)?.[2] || ''), [place]);
  useEffect(() => feed.onAsked((approval) =>
    notify(approval, () => go(`/a/${encodeURIComponent(approval.id)}`))), [feed]);
}

/**
 * @param {{route: object, onSignOut: () => void, children: any}} props
 */
export function Shell({ route, onSignOut, children }) {
  const [keys, setKeys] = useState(false);
  const main = useRef(null);
  const place = placeOf(route);
  useTold(place);
  useKeys({
    '?': () => setKeys(true),
    '/': () => {
      const field = main.current.querySelector('input[type="search"]');
      if (field !== null) field.focus();
      else go('/approvals');
    },
  });
  // After going to another page a reader begins at its top.
  const first = useRef(true);
  useEffect(() => {
    if (!first.current) main.current.focus({ preventScroll: true });
    first.current = false;
  }, [route.name, route.id]);
  return html`<a class="skip" href="#main" onClick=${(event) => { event.preventDefault(); main.current.focus(); }}>Skip to the content</a>
    <header class="top"><a class="brand" href="/approvals">Airlock</a><${Navigation} place=${place} />
      <${Me} onSignOut=${onSignOut} onKeys=${() => setKeys(true)} /></header>
    <main id="main" ref=${main} tabindex="-1">${children}</main>
    ${keys && html`<${KeysDialog} onClose=${() => setKeys(false)} />`}`;
}
