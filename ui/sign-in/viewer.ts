/** Who looks at a page. */
export interface Viewer {
  /** Null: somebody who has not signed in, who may look and change nothing. */
  readonly by: string | null;
  /** Stands in each form; a form of another site does not know it. */
  readonly form: string;
  /** Whether there is a way to sign in at all. */
  readonly maySignIn: boolean;
  /** A session that can be ended here; a proxy's cannot. */
  readonly maySignOut: boolean;
}

export const nobody: Viewer = { by: null, form: '', maySignIn: false, maySignOut: false };
