export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** What a shell runs at its start; it asks `syncline complete` for the words, so that it fits every version. */
export const completionScript = (shell: Shell): string => scripts[shell];

const scripts: Readonly<Record<Shell, string>> = {
  bash: `# syncline completion bash >> ~/.bashrc
_syncline() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" line
  COMPREPLY=()
  while read -r line _; do
    [ -n "$line" ] && COMPREPLY+=("$line")
  done < <("\${COMP_WORDS[0]}" complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  [ "\${#COMPREPLY[@]}" -eq 0 ] && COMPREPLY=($(compgen -f -- "$cur"))
}
complete -F _syncline syncline
`,
  zsh: `#compdef syncline
# syncline completion zsh > "\${fpath[1]}/_syncline"
_syncline() {
  local -a offered
  local word says
  while read -r word says; do
    [[ -n $word ]] && offered+=("\${word//:/\\\\:}\${says:+:$says}")
  done < <("\${words[1]}" complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( \${#offered} )); then _describe 'syncline' offered; else _files; fi
}
if [ "\${funcstack[1]}" = "_syncline" ]; then _syncline "$@"; else compdef _syncline syncline; fi
`,
  fish: `# syncline completion fish > ~/.config/fish/completions/syncline.fish
function __syncline_complete
    set -l words (commandline -opc) (commandline -ct)
    $words[1] complete -- $words[2..-1] 2>/dev/null | string replace ' ' \\t
end
complete -c syncline -f -a '(__syncline_complete)'
`,
};
