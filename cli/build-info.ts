/** What was built: filled in by build.mjs from package.json and git; a run from the sources says so. */
declare const SKEIN_BUILD: { version: string; gitCommit: string; buildTime: string } | undefined

export const buildInfo =
  typeof SKEIN_BUILD === 'undefined' ? { version: 'source', gitCommit: 'source', buildTime: 'source' } : SKEIN_BUILD
