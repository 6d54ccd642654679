/** The version of this package and of the engine in it. Files that another version converted aren't used. */
export const VERSION = "0.1.0";
