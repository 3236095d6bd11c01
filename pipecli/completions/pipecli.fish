# pipecli for fish, in ~/.config/fish/config.fish: pipecli completion fish | source
function __pipecli_answer
    set -l words (commandline -opc)
    set -g __pipecli_values ($words[1] __complete fish $words[2..] (commandline -ct) 2>/dev/null)
    not string match -q ':files*' -- $__pipecli_values
end
complete -c pipecli -e
complete -c pipecli -f -k -n __pipecli_answer -a '(printf "%s\n" $__pipecli_values)'
complete -c pipecli -F -n 'string match -q ":files*" -- $__pipecli_values'
