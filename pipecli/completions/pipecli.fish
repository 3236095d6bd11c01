# pipecli for fish, in ~/.config/fish/config.fish: pipecli completion fish | source
function __pipecli_answer
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    set -l values ($words[1] __complete fish $words[2..] $word 2>/dev/null)
    if string match -qr ':(files|folders)\t' -- $values[1]
        set -l option (string match -r '^--[^=]*=' -- $word)
        set -l complete __fish_complete_path
        string match -q '*:folders*' -- $values[1]; and set complete __fish_complete_directories
        $complete (string replace -r '^--[^=]*=' '' -- $word) | string replace -r -- '^' "$option"
    else
        printf '%s\n' $values
    end
end
complete -c pipecli -e
complete -c pipecli -f -k -a '(__pipecli_answer)'
