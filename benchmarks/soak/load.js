// Readers who sign in, have their sessions read and ask, each at a fixed rate, whatever the answers
// take. Told by the environment:
//
//   AUTH_URL, API_URL   where the services are, without a slash at the end; may be the same
//   READERS             a file: [{"email", "password", "cookie", "token"}, ...]
//   SUMMARY             the file that figures are written to, as JSON
//   SECONDS             how long requests are begun
//   SIGN_INS, SESSIONS, ANSWERS, STREAMS   a second, of each; 0 leaves them out
//
// Every request that was not answered as it should be is one line of JSON on the console:
// {"at", "scenario", "status", "ms", "error", "retryable", "body"}. The status is 0 where no reply
// came; retryable is true for a stream that ended by an `error` event which says so.
import exec from 'k6/execution';
import http from 'k6/http';
import { Counter, Trend } from 'k6/metrics';

const RATES = {
  sign_in: Number(__ENV.SIGN_INS ?? 2),
  get_session: Number(__ENV.SESSIONS ?? 100),
  answer: Number(__ENV.ANSWERS ?? 10),
  stream: Number(__ENV.STREAMS ?? 10),
};
const SECONDS = Number(__ENV.SECONDS);
const READERS = JSON.parse(open(__ENV.READERS));
const JSON_BODY = { 'content-type': 'application/json' };
// All of them are answered in the glossary of the example book.
const TERMS = [
  'forward kinematics', 'impedance control', 'the zero-moment point', 'domain randomisation',
  'the sim-to-real gap', 'behaviour cloning', 'an action chunk', 'a protective stop',
];

const ASKED = Object.keys(RATES).filter((name) => RATES[name] > 0);
const failed = new Counter('failed');
// How long requests begun in each minute took: the figures of a Trend are those of the whole run.
const took = Object.fromEntries(
  ASKED.map((name) => [name, minutes().map((minute) => new Trend(`${name}_${minute}`, true))]),
);

export const options = {
  scenarios: Object.fromEntries(ASKED.map((name) => [name, {
    executor: 'constant-arrival-rate',
    exec: name,
    rate: RATES[name],
    timeUnit: '1s',
    duration: `${SECONDS}s`,
    // Enough for half a second's pause; each has a connection of its own, used by turns.
    preAllocatedVUs: Math.max(10, Math.ceil(RATES[name] / 2)),
    maxVUs: Math.max(50, RATES[name] * 5),
  }])),
  thresholds: { failed: ['count==0'], dropped_iterations: ['count==0'] },
  summaryTrendStats: ['count', 'med', 'p(99)', 'max'],
  userAgent: 'soak',
};

export function sign_in() {
  const { email, password } = reader();
  const body = JSON.stringify({ email, password });
  ask('POST', `${__ENV.AUTH_URL}/api/auth/sign-in/email`, body, JSON_BODY, (text) => text.includes('"token"'));
}

export function get_session() {
  const { email, cookie } = reader();
  ask('GET', `${__ENV.AUTH_URL}/api/auth/get-session`, null, { cookie }, (text) => text.includes(email));
}

export function answer() {
  ask('POST', `${__ENV.API_URL}/v1/chat`, question(), bearer(), (text) => {
    const { response, sources, refused } = JSON.parse(text);
    return response !== '' && sources.length > 0 && !refused;
  });
}

export function stream() {
  ask('POST', `${__ENV.API_URL}/v1/chat/stream`, question(), bearer(), (text) => {
    const { name, data } = last(text);
    return name === 'done' && !data.refused;
  });
}

export function handleSummary({ metrics }) {
  const figures = Object.fromEntries(ASKED.map((name) => [name, took[name].map(({ name: trend }) => {
    const values = metrics[trend]?.values;
    return { count: values?.count ?? 0, p50: values?.med ?? 0, p99: values?.['p(99)'] ?? 0, max: values?.max ?? 0 };
  })]));
  const summary = {
    failed: metrics.failed?.values.count ?? 0,
    dropped: metrics.dropped_iterations?.values.count ?? 0,
    minutes: figures,
  };
  return { [__ENV.SUMMARY]: JSON.stringify(summary) };
}

function ask(method, url, body, headers, isRight) {
  const name = exec.scenario.name;
  const begun = Date.now();
  const minute = Math.floor((begun - exec.scenario.startTime) / 60000);
  // One name for all requests of a kind, or k6 keeps figures for each address.
  const reply = http.request(method, url, body, { headers, redirects: 0, tags: { name }, timeout: '30s' });
  took[name][Math.min(minute, took[name].length - 1)].add(reply.timings.duration);
  if (reply.status === 200 && right(isRight, reply.body)) {
    return;
  }
  failed.add(1);
  console.log(JSON.stringify({
    at: new Date(begun).toISOString(),
    scenario: name,
    status: reply.status,
    ms: Date.now() - begun,
    error: reply.error,
    retryable: name === 'stream' && reply.status === 200 && isRetryable(reply.body ?? ''),
    body: (reply.body ?? '').slice(-300),
  }));
}

function right(isRight, text) {
  try {
    return isRight(text ?? '');
  } catch {
    return false;
  }
}

function isRetryable(events) {
  const { name, data } = last(events);
  return name === 'error' && data.retryable === true;
}

// The last event, whole: its name, and its data where that is JSON.
function last(events) {
  const [, name, data] = events.match(/event: (\w+)\ndata: ({[^\n]*})\n\n$/) ?? [];
  return { name, data: JSON.parse(data ?? '{}') };
}

function minutes() {
  return [...Array(Math.ceil(SECONDS / 60)).keys()];
}

function reader() {
  return READERS[exec.scenario.iterationInTest % READERS.length];
}

function bearer() {
  return { ...JSON_BODY, authorization: `Bearer ${reader().token}` };
}

// No two questions are the same text, for what is kept of them would not grow otherwise. They differ
// by the blanks between their words: with other words, the book might say nothing about some.
function question() {
  const n = exec.scenario.iterationInTest;
  const [term, round] = [TERMS[n % TERMS.length], Math.floor(n / TERMS.length)];
  let left = round * 2 + (exec.scenario.name === 'stream' ? 1 : 0);
  const message = `What is ${term}?`.replace(/ /g, () => {
    const blanks = 1 + (left % 20);
    left = Math.floor(left / 20);
    return ' '.repeat(blanks);
  });
  return JSON.stringify({ message });
}
