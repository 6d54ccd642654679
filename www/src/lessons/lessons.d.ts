/** The module that lesson-data.ts makes of the folder lessons/. */
declare module "virtual:lessons" {
  /** All lessons, in order. */
  export const lessons: readonly import("./lesson").LessonEntry[];
}
