/** Times in words. */

/** How long something takes that is only known by extrapolation: `about 40 seconds`. */
export function about(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 3) return "a few seconds";
  if (seconds < 55) return `about ${Math.ceil(seconds / 5) * 5} seconds`;
  const minutes = Math.max(1, Math.round(seconds / 60));
  if (minutes < 60) return `about ${count(minutes, "minute")}`;
  const rest = Math.round((minutes % 60) / 10) * 10;
  const hours = Math.floor(minutes / 60) + (rest === 60 ? 1 : 0);
  return `about ${count(hours, "hour")}${rest === 0 || rest === 60 ? "" : ` ${rest} minutes`}`;
}

/** How long something took: `4.2 s`, `3 min 20 s`. */
export function took(milliseconds: number): string {
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(milliseconds < 9950 ? 1 : 0)} s`;
  const seconds = Math.round(milliseconds / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

function count(n: number, one: string): string {
  return `${n} ${one}${n === 1 ? "" : "s"}`;
}
