/** The switch between the system's colours, light and dark. */

const KEY = "tabrank-theme";

/** Sets the switch to what was chosen last time, and keeps what is chosen now. */
export function themeSwitch(root: HTMLElement): void {
  const apply = (theme: string): void => {
    if (theme === "auto") document.documentElement.removeAttribute("data-theme");
    else document.documentElement.setAttribute("data-theme", theme);
  };
  const theme = recall();
  apply(theme);
  for (const input of root.querySelectorAll("input")) input.checked = input.value === theme;
  root.addEventListener("change", (event) => {
    if (!(event.target instanceof HTMLInputElement)) return;
    apply(event.target.value);
    keep(event.target.value);
  });
}

function recall(): string {
  try {
    const kept = localStorage.getItem(KEY);
    return kept === "light" || kept === "dark" ? kept : "auto";
  } catch {
    // Storage may be refused altogether; then the system's colours are as good a start as any.
    return "auto";
  }
}

function keep(theme: string): void {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // The choice then holds for this visit only.
  }
}
