// Calls of the gateway's API. Every call ends: by its answer, an error or its
// timeout. Errors are ApiError and nothing else.

import { noticeServerTime } from './time.js';

const CALL_TIMEOUT_MS = 15000;

/** An error as the gateway tells it, or one of the way to the gateway. */
export class ApiError extends Error {
  /**
   * @param {number} status HTTP status; 0 if there was no answer.
   * @param {object} body The error body of the gateway.
   */
  constructor(status, body) {
    super(body.message || 'the gateway answered with an error');
    this.name = 'ApiError';
    this.status = status;
    this.code = body.code || 'UNKNOWN';
    this.reason = body.reason || '';
    this.metadata = body.metadata || {};
    this.violations = body.violations || [];
    this.retryAfterMs = Number(body.retryAfterMs || 0);
  }
}

let signedOutListener = () => {};

/**
 * Sets who is told that the session is over.
 * @param {() => void} listener
 */
export function whenSignedOut(listener) {
  signedOutListener = listener;
}

async function errorOf(response) {
  let body = {};
  try {
    body = await response.json();
  } catch {
    body = { message: `the gateway answered ${response.status} ${response.statusText}` };
  }
  return new ApiError(response.status, body);
}

function timeoutError(timeoutMs) {
  return new ApiError(0, {
    code: 'DEADLINE_EXCEEDED',
    message: `no answer within ${timeoutMs / 1000} seconds`,
  });
}

/**
 * Sends one request and gives its response once its headers are there.
 * @param {string} path
 * @param {{method?: string, body?: object, timeoutMs?: number,
 *          read?: (response: Response) => Promise<any>}} options
 *     `read` takes the body within the same timeout; JSON by default.
 */
export async function request(path, options = {}) {
  const { method = 'GET', body, timeoutMs = CALL_TIMEOUT_MS } = options;
  const read = options.read || ((response) => (response.status === 204 ? null : response.json()));
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), timeoutMs);
  const headers = { Accept: 'application/json' };
  if (method !== 'GET') headers['X-Airlock-Page'] = '1';
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  try {
    const response = await fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: 'same-origin',
      cache: 'no-store',
      redirect: 'error',
      signal: abort.signal,
    });
    noticeServerTime(response.headers.get('Date'));
    if (!response.ok) throw await errorOf(response);
    return await read(response);
  } catch (error) {
    if (error instanceof ApiError) throw error;
    if (abort.signal.aborted) throw timeoutError(timeoutMs);
    throw new ApiError(0, { code: 'UNAVAILABLE', message: 'the gateway cannot be reached' });
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Calls a unary method.
 * @param {string} service Such as "ApprovalService".
 * @param {string} method Such as "GetApproval".
 * @param {object} message The request as proto3 JSON.
 */
export function call(service, method, message = {}) {
  return guarded(`/api/call/${service}/${method}`, { method: 'POST', body: message });
}

/**
 * As request(), for a path that needs a session: who is signed out is told.
 * @param {string} path
 * @param {object} options As of request().
 */
export async function guarded(path, options) {
  try {
    return await request(path, options);
  } catch (error) {
    if (error.status === 401) signedOutListener();
    throw error;
  }
}

/** The session: {principal: {id, role}, expireTime}; null if there is none. */
export async function currentSession() {
  try {
    return await request('/api/session');
  } catch (error) {
    if (error.status === 401) return null;
    throw error;
  }
}

/**
 * Signs in.
 * @param {string} token
 */
export function signIn(token) {
  return request('/api/session', { method: 'POST', body: { token } });
}

/** Signs out. */
export function signOut() {
  return request('/api/session', { method: 'DELETE' });
}

/** Tells the listener if the session is over. Never fails. */
export async function checkSession() {
  try {
    if ((await currentSession()) === null) signedOutListener();
  } catch {
    // Whoever asked sees by its own error that the gateway is away.
  }
}
