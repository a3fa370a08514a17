// The questions that are pending, kept live by one stream for the whole page.

import { streamAddress } from './events.js';
import { followShared } from './shared_stream.js';
import { millisOf } from './time.js';

const KEPT_ENDED = 500;

/** Pending approvals and those that ended while the page was open. */
export class ApprovalFeed {
  /** @param {string} principal Who looks. */
  constructor(principal = '') {
    this.principal = principal;
    this.pending = new Map();
    // The newest state of those that are pending no more, oldest first.
    this.ended = new Map();
    // What the present connection has told before it said that this was all.
    this.fresh = null;
    // "starting", "live" or "lost".
    this.state = 'starting';
    this.listeners = new Set();
    this.askedListeners = new Set();
    this.close = () => {};
  }

  /** Connects. */
  start() {
    const address = () => streamAddress('ApprovalService', 'WatchApprovals', {});
    this.close = followShared(`airlock.approvals.${this.principal}`, address, {
      onOpen: () => { this.fresh = new Map(); },
      onMessage: (message) => this.take(message.approval || null),
      onLost: () => this.change('lost'),
      onEnd: (end) => this.restart(end),
    }, () => this.snapshot());
  }

  // As a new stream would tell it.
  snapshot() {
    if (this.state !== 'live') return null;
    return [...this.pending.values(), null].map((approval) => ({ approval }));
  }

  /** Disconnects and forgets everything. */
  stop() {
    this.close();
    clearTimeout(this.restartTimer);
    this.pending.clear();
    this.ended.clear();
    this.state = 'starting';
  }

  // A stream of changes has no end of its own: the service restarts, or may
  // no more.
  restart(end) {
    this.close();
    this.change('lost');
    if (end.code === 'PERMISSION_DENIED') return;
    this.restartTimer = setTimeout(() => this.start(), 1000);
  }

  take(approval) {
    if (approval === null) {
      if (this.fresh === null) return;
      for (const id of this.pending.keys()) if (!this.fresh.has(id)) this.pending.delete(id);
      for (const one of this.fresh.values()) this.put(one);
      this.fresh = null;
      this.change('live');
    } else if (this.fresh !== null && approval.state === 'STATE_PENDING') {
      this.fresh.set(approval.id, approval);
    } else {
      this.fresh?.delete(approval.id);
      this.put(approval);
      this.change(this.state);
    }
  }

  /**
   * Takes what a call told about one approval.
   * @param {object} approval
   */
  put(approval) {
    if (approval.state === 'STATE_PENDING') {
      const isNew = !this.pending.has(approval.id);
      if (this.ended.has(approval.id)) return;
      this.pending.set(approval.id, approval);
      if (isNew && this.state !== 'starting') for (const listener of this.askedListeners) listener(approval);
      return;
    }
    this.pending.delete(approval.id);
    this.ended.set(approval.id, approval);
    if (this.ended.size > KEPT_ENDED) this.ended.delete(this.ended.keys().next().value);
  }

  change(state) {
    this.state = state;
    for (const listener of [...this.listeners]) listener();
  }

  /**
   * As put(), and tells the listeners.
   * @param {object} approval
   */
  learn(approval) {
    this.put(approval);
    this.change(this.state);
  }

  /** Pending approvals, the one that must be answered first in front. */
  byDeadline() {
    return [...this.pending.values()].sort((one, other) =>
      millisOf(one.deadline) - millisOf(other.deadline) || (one.id < other.id ? -1 : 1));
  }

  /**
   * What the feed knows of an approval; undefined: nothing.
   * @param {string} id
   */
  get(id) {
    return this.pending.get(id) || this.ended.get(id);
  }

  /**
   * Other pending questions for the very same action of the same agent.
   * @param {object} approval
   */
  sameAs(approval) {
    if (!approval.actionHash) return [];
    return this.byDeadline().filter((one) =>
      one.id !== approval.id && one.agent === approval.agent && one.actionHash === approval.actionHash);
  }

  /** Calls `listener` after each change; returns how to stop that. */
  onChange(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Calls `listener` with each new question; returns how to stop that. */
  onAsked(listener) {
    this.askedListeners.add(listener);
    return () => this.askedListeners.delete(listener);
  }
}

/**
 * Groups approvals that ask for the very same.
 * @param {object[]} approvals In the order to keep.
 * @returns {object[][]} Each group in the order of `approvals`.
 */
export function groupsOf(approvals) {
  const groups = new Map();
  for (const approval of approvals) {
    const key = approval.actionHash ? `${approval.agent}\n${approval.actionHash}` : approval.id;
    if (groups.has(key)) groups.get(key).push(approval);
    else groups.set(key, [approval]);
  }
  return [...groups.values()];
}
