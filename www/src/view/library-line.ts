/** The line that says which library is searched, where that is not the one of this page or should be another. */

import type { Address } from "../address";
import type { Libraries } from "../libraries";
import { openingQuery } from "../state";
import { h } from "./dom";
import { counted } from "../numbers";

/** The line, with a way back to the library of this page. */
export class LibraryLine {
  readonly root = h("p", { class: "library-line", role: "status", hidden: true });
  readonly #address: Address;

  constructor(address: Address) {
    this.#address = address;
  }

  /** Says what is in use. */
  show({ own, absent, bench }: Pick<Libraries, "own" | "absent"> & { readonly bench: string }): void {
    this.root.hidden = own === undefined && absent === undefined;
    this.root.classList.toggle("absent", absent !== undefined);
    if (absent !== undefined) this.root.replaceChildren(...absence(absent, bench));
    else if (own !== undefined) {
      this.root.replaceChildren(
        "You search your own library ",
        h("strong", {}, `“${own.name}”`),
        ` (${counted(own.corpus.passages.length, "passage")}). `,
        h("a", { href: this.#back(), class: "back" }, "Back to the library of this page"),
      );
    }
  }

  /** The address of the same search in the library of this page. */
  #back(): string {
    const { settings } = this.#address;
    const query = settings.query === "" ? openingQuery(undefined) : settings.query;
    return this.#address.href({ own: [], settings: { ...settings, corpus: undefined, query } });
  }
}

/** Why a library can't be searched, and what can be done; `bench` is the address of where that is, left out where the reader is there. */
export function absence({ id, here, reason }: NonNullable<Libraries["absent"]>, bench: string | undefined): (string | HTMLElement)[] {
  const instead = "The library of this page is searched instead.";
  if (here) {
    const go = bench === undefined ? "Go on with it in the list below." : h("a", { href: bench }, "Go on with it on the bench");
    return [`Your library “${id}” is not in use: ${reason} ${instead} `, go];
  }
  return [
    `This link asks for the library “${id}”, which this browser doesn’t have: a library of one’s own stays in the browser in which it was made. ` +
      `${instead} Whoever sent you the link can export the library as a file, which you can `,
    bench === undefined ? "import below" : h("a", { href: bench }, "import on the bench"),
    ".",
  ];
}
