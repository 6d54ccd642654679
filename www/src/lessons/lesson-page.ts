/** The text of the view of lessons: their list, and one lesson with what leads to the others. */

import { h, type Child } from "../view/dom";
import type { LessonEntry } from "./lesson";

/** The list of all lessons. `asked` is a lesson that there isn't, or nothing. */
export function listPage(lessons: readonly LessonEntry[], asked: string): HTMLElement {
  const items = lessons.map((entry) =>
    h(
      "li",
      {},
      h("h2", {}, h("a", { href: addressOf(entry) }, entry.title)),
      h("p", {}, entry.summary),
      h("p", { class: "hint" }, minutes(entry)),
    ),
  );
  return h(
    "div",
    { class: "lesson-list" },
    h("h1", { tabindex: -1, id: "lesson" }, "Lessons"),
    asked === "" ? null : h("p", { class: "note", role: "status" }, `There is no lesson called “${asked}”. These are all that there are:`),
    h(
      "p",
      { class: "deck" },
      "For reading alone or for a class. Whatever a lesson shows is computed in this tab, by the models that you have chosen; what was recorded beforehand says so. Every state is a link: change something, and send the address.",
    ),
    h("ol", {}, ...items),
  );
}

/** A lesson. Its exhibits are empty figures until they are mounted. */
export function lessonPage(lessons: readonly LessonEntry[], entry: LessonEntry, html: string): DocumentFragment {
  const template = document.createElement("template");
  template.innerHTML = html;
  for (const link of template.content.querySelectorAll("a")) {
    // What a printed page shows in the place of a link.
    link.dataset["address"] = new URL(link.getAttribute("href") ?? "", document.baseURI).href;
  }
  const fragment = document.createDocumentFragment();
  const before = lessons.find(({ number }) => number === entry.number - 1);
  const after = lessons.find(({ number }) => number === entry.number + 1);
  fragment.append(
    contents(lessons, entry),
    h(
      "article",
      { class: "lesson" },
      h("p", { class: "hint" }, `Lesson ${entry.number} · ${minutes(entry)}`),
      h("h1", { tabindex: -1, id: "lesson" }, entry.title),
      h("p", { class: "deck" }, entry.summary),
      template.content,
      h("nav", { class: "neighbours", "aria-label": "Lesson before and after" }, neighbour("Before", before, "prev"), neighbour("Next", after, "next")),
    ),
  );
  return fragment;
}

function contents(lessons: readonly LessonEntry[], entry: LessonEntry): HTMLElement {
  const items = lessons.map((one) => {
    const current = one === entry;
    const link = h("a", { href: addressOf(one), "aria-current": current ? "page" : undefined }, one.title);
    const inside = current && one.headings.length > 0;
    return h("li", {}, link, inside ? h("ul", {}, ...one.headings.map(({ id, text }) => h("li", {}, h("a", { href: `#${id}` }, text)))) : null);
  });
  const open = matchMedia("(min-width: 75rem)").matches;
  return h(
    "nav",
    { class: "contents", "aria-label": "Lessons" },
    h("details", { open }, h("summary", {}, "All lessons"), h("ol", {}, ...items)),
  );
}

function neighbour(name: string, entry: LessonEntry | undefined, rel: string): Child {
  if (entry === undefined) return null;
  return h("p", {}, h("span", { class: "hint" }, `${name}: `), h("a", { href: addressOf(entry), rel }, `${entry.number}. ${entry.title}`));
}

function addressOf({ slug }: LessonEntry): string {
  return `?lesson=${slug}`;
}

function minutes({ minutes: number }: LessonEntry): string {
  return `about ${number} ${number === 1 ? "minute" : "minutes"}`;
}
