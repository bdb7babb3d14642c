/** The look of all pages. */
export const style = `:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1rem; }
nav a { margin-right: 1rem; }
h2 { border-top: 1px solid #8884; margin-top: 2.5rem; padding-top: 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid #8884; padding: 0.3rem 0.6rem 0.3rem 0; text-align: left; vertical-align: top; }
code, pre { font: 14px/1.45 ui-monospace, monospace; overflow-wrap: anywhere; }
pre { background: #8881; border-radius: 4px; overflow-x: auto; padding: 0.8rem; }
pre code { overflow-wrap: normal; }
summary { cursor: pointer; }
.method { background: #2563eb; border-radius: 4px; color: #fff; padding: 0.1rem 0.5rem; }
`;
