// What components share: the session, the feed, the address, time and calls.

import {
  createContext, useCallback, useContext, useEffect, useRef, useState,
} from '../vendor/preact-htm.js';
import { call, guarded } from '../base/api.js';
import { bindKeys } from '../base/keyboard.js';
import { mayCall } from '../base/roles.js';
import { currentRoute, onRoute } from '../base/routes.js';
import { now } from '../base/time.js';

/** What all components may use: {principal: {id, role}, feed}. */
export const Shared = createContext(null);

/** Who is signed in: {id, role}. */
export const usePrincipal = () => useContext(Shared).principal;

/**
 * Whether who is signed in may call a method such as
 * "ApprovalService/DecideApproval".
 */
export function useMayCall() {
  const { role } = usePrincipal();
  return useCallback((method) => mayCall(role, method), [role]);
}

/** The live approvals; the component is drawn again after each change. */
export function useFeed() {
  const { feed } = useContext(Shared);
  const [, redraw] = useState(0);
  useEffect(() => feed.onChange(() => redraw((count) => count + 1)), [feed]);
  return feed;
}

/** Where one is. */
export function useRoute() {
  const [route, setRoute] = useState(currentRoute);
  useEffect(() => onRoute(() => setRoute(currentRoute())), []);
  return route;
}

/**
 * The gateway's time in milliseconds, anew every `everyMs`.
 * @param {number} everyMs
 */
export function useNow(everyMs = 1000) {
  const [time, setTime] = useState(now);
  useEffect(() => {
    const timer = setInterval(() => setTime(now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return time;
}

/**
 * Binds keys while the component is there.
 * @param {Object<string, () => void>} keys
 */
export function useKeys(keys) {
  const newest = useRef(keys);
  newest.current = keys;
  const names = Object.keys(keys).join(' ');
  useEffect(() => {
    const entries = names.split(' ').filter(Boolean).map((name) => [name, () => newest.current[name]?.()]);
    return bindKeys(Object.fromEntries(entries));
  }, [names]);
}

/**
 * Loads something when it is first drawn, when `key` changes and when asked.
 * What was loaded stays there while it is loaded again; after an error too.
 *
 * @param {string | null} key What is wanted; null: nothing yet.
 * @param {() => Promise<any>} load
 * @returns {{data: any, error: Error | null, waiting: boolean, reload: () => void}}
 */
export function useLoaded(key, load) {
  const [state, setState] = useState({ key: null, data: null, error: null, waiting: key !== null });
  const [round, setRound] = useState(0);
  const loader = useRef(load);
  loader.current = load;
  useEffect(() => {
    if (key === null) return undefined;
    let wanted = true;
    setState((old) => ({ ...old, data: old.key === key ? old.data : null, error: null, waiting: true, key }));
    loader.current().then(
      (data) => wanted && setState({ key, data, error: null, waiting: false }),
      (error) => wanted && setState((old) => ({ ...old, error, waiting: false })));
    return () => { wanted = false; };
  }, [key, round]);
  const reload = useCallback(() => setRound((count) => count + 1), []);
  return { ...state, data: state.key === key ? state.data : null, reload };
}

/**
 * The answer of a unary method; as useLoaded().
 * @param {string} service
 * @param {string} method
 * @param {object | null} message The request; null: not called yet.
 */
export function useCall(service, method, message) {
  const key = message === null ? null : `${service}/${method} ${JSON.stringify(message)}`;
  return useLoaded(key, () => call(service, method, message));
}

/**
 * The answer of POST /api/audit/list; as useLoaded().
 * @param {object | null} message
 */
export function useAuditList(message) {
  const key = message === null ? null : JSON.stringify(message);
  return useLoaded(key, () => guarded('/api/audit/list', { method: 'POST', body: message }));
}

/**
 * Calls `reload` every `everyMs` while the page is seen.
 * @param {() => void} reload
 * @param {number} everyMs
 */
export function useRefresh(reload, everyMs) {
  useEffect(() => {
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') reload();
    }, everyMs);
    return () => clearInterval(timer);
  }, [reload, everyMs]);
}

/**
 * Something a person starts by a button: at most once at a time.
 * @param {(...args: any[]) => Promise<any>} act
 * @returns {{run: (...args: any[]) => Promise<any>, busy: boolean, error: Error | null, clear: () => void}}
 *     `run` gives undefined after an error.
 */
export function useAction(act) {
  const [state, setState] = useState({ busy: false, error: null });
  const running = useRef(false);
  const run = async (...args) => {
    if (running.current) return undefined;
    running.current = true;
    setState({ busy: true, error: null });
    try {
      const result = await act(...args);
      setState({ busy: false, error: null });
      return result;
    } catch (error) {
      setState({ busy: false, error });
      return undefined;
    } finally {
      running.current = false;
    }
  };
  return { run, ...state, clear: () => setState({ busy: false, error: null }) };
}
