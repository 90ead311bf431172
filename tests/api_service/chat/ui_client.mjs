// A page with the Vercel AI SDK: what `useChat` does, without React around it.
//
// API and TOKEN name the route and the caller, MESSAGES what the reader writes, one after another.
// The last line of the output is the messages as the SDK keeps them, and its error, as JSON.

import { AbstractChat, DefaultChatTransport } from "ai";

const { API, TOKEN, MESSAGES, STOP } = process.env;

/** What the framework would keep; a page draws anew whenever it changes. */
class State {
  status = "ready";
  error = undefined;
  messages = [];
  pushMessage = (message) => {
    this.messages = [...this.messages, message];
  };
  popMessage = () => {
    this.messages = this.messages.slice(0, -1);
  };
  replaceMessage = (index, message) => {
    this.messages = this.messages.with(index, message);
    drawn(this.messages);
  };
  snapshot = (value) => structuredClone(value);
}

class Chat extends AbstractChat {}

let words = () => {};
function drawn(messages) {
  const text = messages.at(-1).parts.find((part) => part.type === "text")?.text;
  if (text) words();
}

const chat = new Chat({
  state: new State(),
  transport: new DefaultChatTransport({
    api: API,
    headers: { authorization: `Bearer ${TOKEN}` },
    body: { page_url: "/docs/sensors" },
  }),
});

for (const text of JSON.parse(MESSAGES)) {
  const seen = new Promise((resolve) => {
    words = resolve;
  });
  const sent = chat.sendMessage({ text });
  if (STOP) {
    await seen;
    await chat.stop();
  }
  await sent;
}
const { messages, status, error } = chat;
console.log(JSON.stringify({ messages, status, error: error?.message ?? null }));
