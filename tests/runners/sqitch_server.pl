# Sqitch for each line of stdin, in a process forked after its modules are loaded: folder, variables, arguments between U+001F.
use locale;
use App::Sqitch;
use App::Sqitch::Command::deploy;
use App::Sqitch::Engine::pg;
use App::Sqitch::Plan;
use App::Sqitch::Target;
use DBD::Pg;
use File::Temp;

$| = 1;
while (my $line = <STDIN>) {
    chomp $line;
    my ($folder, @words) = split /\x1f/, $line;
    my $said = File::Temp->new;
    my $child = fork // die "no process: $!";
    if (!$child) {
        chdir $folder or die "$folder: $!";
        while ($words[0] =~ /^([A-Z]+)=(.*)/) { $ENV{$1} = $2; shift @words }
        open STDIN, '<', '/dev/null' or die $!;
        open STDOUT, '>>:utf8', "$said" or die $!;
        open STDERR, '>>:utf8', "$said" or die $!;
        @ARGV = @words;
        exit App::Sqitch->go;
    }
    waitpid $child, 0;
    my $code = $? >> 8 || $? & 127;
    open my $read, '<:raw', "$said" or die $!;
    my $output = do { local $/; <$read> } // '';
    binmode STDOUT, ':raw';
    print $code, ' ', length $output, "\n", $output;
}
