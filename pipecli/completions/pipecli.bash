# pipecli for bash, in ~/.bashrc: eval "$(pipecli completion bash)"
_pipecli() {
    local line value about IFS=$'\n'
    local -a values=() lines=()
    while IFS=$'\t' read -r value about; do
        if [ "$value" = ":files" ] || [ "$value" = ":folders" ]; then
            [ "$value" = ":files" ] && about=file || about=directory
            COMPREPLY=($(compgen -A "$about" -- "${COMP_WORDS[COMP_CWORD]#=}"))
            # bash 3.2 has no compopt: it would insert a name as it is, and run what is in it
            compopt -o filenames 2>/dev/null || COMPREPLY=($(printf '%q\n' "${COMPREPLY[@]}"))
            return
        fi
        values+=("$value")
        lines+=("$value${about:+  ($about)}")
    done < <(COMP_WORDBREAKS="$COMP_WORDBREAKS" COLUMNS="${COLUMNS:-80}" \
        "${COMP_WORDS[0]}" __complete bash "${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
    # Several are listed with their titles; readline inserts what they share. One is inserted alone.
    if [ "${#values[@]}" -gt 1 ] && [ "$COMP_TYPE" != 37 ] && [ "$COMP_TYPE" != 42 ]; then
        COMPREPLY=("${lines[@]}")
    else
        COMPREPLY=("${values[@]}")
    fi
    case "${values[0]}" in *[=.]) compopt -o nospace 2>/dev/null ;; esac
}
complete -o nosort -F _pipecli pipecli 2>/dev/null || complete -F _pipecli pipecli
