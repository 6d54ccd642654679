/** Keys and pointer in the form that WebDriver and WebDriver BiDi have in common. */

/** One device and what it does, step by step. */
export interface InputSource {
  readonly type: "key" | "pointer";
  readonly id: string;
  readonly actions: readonly Readonly<Record<string, unknown>>[];
}

/** Keys that are no characters, by their names in the DOM; https://www.w3.org/TR/webdriver2/#keyboard-actions numbers them. */
const NAMED: Readonly<Record<string, string>> = {
  Enter: "\uE006",
  Tab: "\uE004",
  Shift: "\uE008",
  Control: "\uE009",
  Escape: "\uE00C",
  End: "\uE010",
  Home: "\uE011",
  ArrowLeft: "\uE012",
  ArrowRight: "\uE014",
};

/** Presses keys one after the other, and lets go of them the other way round. */
export function keys(names: readonly string[]): InputSource {
  const values = names.map(valueOf);
  const down = values.map((value) => ({ type: "keyDown", value }));
  const up = values.map((value) => ({ type: "keyUp", value })).reverse();
  return { type: "key", id: "keyboard", actions: [...down, ...up] };
}

/** Types a text, one character after the other. */
export function typing(text: string): InputSource {
  return { type: "key", id: "keyboard", actions: [...text].flatMap((character) => keys([character]).actions) };
}

function valueOf(name: string): string {
  const value = [...name].length === 1 ? name : NAMED[name];
  if (value === undefined) throw new Error(`The tests know no key ${name}; input.ts lists those that they do.`);
  return value;
}

/** Clicks at a place in the viewport. */
export function pointer(x: number, y: number): InputSource {
  return {
    type: "pointer",
    id: "mouse",
    actions: [{ type: "pointerMove", x, y }, { type: "pointerDown", button: 0 }, { type: "pointerUp", button: 0 }],
  };
}
