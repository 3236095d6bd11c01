#compdef pipecli
# pipecli for zsh, in ~/.zshrc after compinit: eval "$(pipecli completion zsh)"
_pipecli() {
    local value about
    local -a values lines options=(-U -V pipecli)
    while IFS=$'\t' read -r value about; do
        if [[ $value == *:(files|folders) ]]; then
            [[ $value == --* ]] && compset -P '*='
            [[ $value == *:files ]] && _files || _files -/
            return
        fi
        values+=("$value")
        lines+=("$value${about:+  -- $about}")
    done < <("${words[1]}" __complete zsh "${(@Q)words[2,CURRENT]}" 2>/dev/null)
    (( ${#values} )) || return 1
    [[ ${values[1]} == *[=.] ]] && options+=(-S '')
    compadd "${options[@]}" -l -d lines -- "${values[@]}"
}
compdef _pipecli pipecli
