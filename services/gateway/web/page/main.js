// Starts the page: who is signed in, where one is, and the feed of approvals.

import { Component, html, render, useEffect, useMemo, useState } from './vendor/preact-htm.js';
import { checkSession, currentSession, signOut, whenSignedOut } from './base/api.js';
import { ApprovalFeed } from './base/approval_feed.js';
import { listenToKeys } from './base/keyboard.js';
import { mayCall } from './base/roles.js';
import { followLinks } from './base/routes.js';
import { millisOf, now } from './base/time.js';
import { Failure, Waiting } from './parts/basics.js';
import { Shared, useRoute } from './parts/hooks.js';
import { Shell, neededFor, placeOf } from './parts/shell.js';
import { ApprovalPage } from './pages/approval.js';
import { ApprovalsPage } from './pages/approvals.js';
import { AuditPage } from './pages/audit.js';
import { ExecutionPage } from './pages/execution.js';
import { ExecutionsPage } from './pages/executions.js';
import { OverviewPage } from './pages/overview.js';
import { PolicyPage } from './pages/policy.js';
import { RecordPage } from './pages/record.js';
import { ReportPage } from './pages/report.js';
import { SandboxesPage } from './pages/sandboxes.js';
import { SignInPage } from './pages/signin.js';
import { StandingPage } from './pages/standing.js';

const LONGEST_TIMER_MS = 2 ** 31 - 1;

const PAGES = {
  approvals: () => html`<${ApprovalsPage} />`,
  approval: ({ id, query }) => html`<${ApprovalPage} key=${id} id=${id} answer=${query.answer} />`,
  executions: ({ query }) => html`<${ExecutionsPage} query=${query} />`,
  execution: ({ id }) => html`<${ExecutionPage} key=${id} id=${id} />`,
  overview: ({ query }) => html`<${OverviewPage} query=${query} />`,
  audit: ({ query }) => html`<${AuditPage} query=${query} />`,
  record: ({ id }) => html`<${RecordPage} key=${id} id=${id} />`,
  sandboxes: () => html`<${SandboxesPage} />`,
  policy: () => html`<${PolicyPage} />`,
  standing: () => html`<${StandingPage} />`,
  report: ({ query }) => html`<${ReportPage} query=${query} />`,
};

function Page({ route, role }) {
  const needed = neededFor(placeOf(route));
  if (!Object.hasOwn(PAGES, route.name)) {
    return html`<h1>There is no such page</h1><p><a href="/approvals">Approvals</a></p>`;
  }
  if (needed !== undefined && !mayCall(role, needed)) {
    return html`<h1>Not for this role</h1><p>An ${role === 'approver' ? 'operator or auditor' : 'operator'} can see this page.</p>`;
  }
  return PAGES[route.name](route);
}

// A mistake in one page leaves the others usable.
class Guard extends Component {
  componentDidCatch(error) {
    console.error(error);
    this.setState({ error });
  }

  componentWillReceiveProps() {
    this.setState({ error: null });
  }

  render({ children }, { error }) {
    if (!error) return children;
    return html`<h1>This page has a mistake</h1><${Failure} error=${error} retry=${() => this.setState({ error: null })} />`;
  }
}

function SignedIn({ session, onSignOut }) {
  const route = useRoute();
  const { principal, expireTime } = session;
  const feed = useMemo(() => new ApprovalFeed(principal.id), [principal.id]);
  const shared = useMemo(() => ({ principal, feed }), [principal, feed]);
  useEffect(() => {
    feed.start();
    return () => feed.stop();
  }, [feed]);
  useEffect(() => {
    // A page that only waits is told too when its session is over.
    const timer = setTimeout(checkSession, Math.min(LONGEST_TIMER_MS, Math.max(0, millisOf(expireTime) - now()) + 1000));
    return () => clearTimeout(timer);
  }, [expireTime]);
  return html`<${Shared.Provider} value=${shared}>
    <${Shell} route=${route} onSignOut=${onSignOut}><${Guard}><${Page} route=${route} role=${principal.role} /><//><//>
  <//>`;
}

function App() {
  // undefined: not known yet; null: nobody is signed in.
  const [session, setSession] = useState(undefined);
  const [expired, setExpired] = useState(false);
  const [error, setError] = useState(null);
  const ask = () => {
    setError(null);
    currentSession().then(setSession, setError);
  };
  useEffect(() => {
    whenSignedOut(() => {
      setExpired(true);
      setSession(null);
    });
    ask();
  }, []);
  const leave = async () => {
    try {
      await signOut();
    } catch (failure) {
      // Who has no session any more is signed out already.
      if (failure.status !== 401) {
        setError(failure);
        return;
      }
    }
    setExpired(false);
    setSession(null);
  };
  const enter = (entered) => {
    setError(null);
    setSession(entered);
  };
  if (error !== null) return html`<main class="alone"><h1>Airlock</h1><${Failure} error=${error} retry=${ask} /></main>`;
  if (session === undefined) return html`<main class="alone"><h1>Airlock</h1><${Waiting} what="Loading" /></main>`;
  if (session === null) return html`<${SignInPage} expired=${expired} onSignedIn=${enter} />`;
  return html`<${SignedIn} session=${session} onSignOut=${leave} />`;
}

const root = document.getElementById('page');
root.replaceChildren();
followLinks();
listenToKeys();
render(html`<${App} />`, root);
